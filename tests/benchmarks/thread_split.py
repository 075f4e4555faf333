"""How to share the cores: many trials of one thread each, or few trials of several threads? Images a second in total.

    python tests/benchmarks/thread_split.py lenet cnn resnet --rounds 3

Each process trains as a trial does (see training_step.py), all at the same time, and trains on until the last one has
done its share, so that no core is free while another is measured. Rounds go in turn; a ratio is of two neighbours.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import torch
from spreads import spread
from training_step import BATCH, stored, with_tuner

from tuner.core.environment import prepare_environment
from tuner.core.machine import cpu_count
from tuner.core.units import counted

STEPS = 8


def measure(name: str, batch: int, trials: int, threads: int, seconds: float) -> float:
    """Images a second of all trials together."""
    context = multiprocessing.get_context("spawn")
    ready, rates = context.Barrier(trials), context.SimpleQueue()
    processes = [
        context.Process(target=train, args=(name, batch, threads, seconds, ready, rates)) for _ in range(trials)
    ]
    for process in processes:
        process.start()
    total: float = sum(rates.get() for _ in processes)
    for process in processes:
        process.join()
    return total


def train(name: str, batch: int, threads: int, seconds: float, ready: Barrier, rates: Any) -> None:
    """Puts the images a second of this process into `rates`."""
    torch.set_num_threads(threads)
    samples = stored(STEPS * batch)
    with_tuner(name, samples, batch)
    ready.wait()
    began, images = time.perf_counter(), 0
    while time.perf_counter() < began + seconds:
        with_tuner(name, samples, batch)
        images += (STEPS + 2) * batch
    rates.put(images / (time.perf_counter() - began))
    ready.wait()


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["lenet", "cnn", "resnet", "mobilenet_v2"])
    parser.add_argument("--batches", type=int, nargs="+", default=[BATCH])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    prepare_environment()  # as workers have it: how threads wait
    cores = cpu_count()
    columns = ("model", "batch", f"{cores} x 1 thread", f"1 x {counted(cores, 'thread')}", "ratio")
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name in options.models:
        for batch in options.batches:
            many, few = [], []
            for _ in range(options.rounds):
                many.append(measure(name, batch, cores, 1, options.seconds))
                few.append(measure(name, batch, 1, cores, options.seconds))
            shares = [one / other for one, other in zip(many, few, strict=True)]
            print(f"| {name} | {batch} | {spread(many, 0)} | {spread(few, 0)} | {spread(shares, 2)} |", flush=True)


if __name__ == "__main__":
    main()
