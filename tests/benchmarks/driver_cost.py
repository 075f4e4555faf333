"""What deciding costs the driver: its seconds per trial, with workers that train nothing.

python tests/benchmarks/driver_cost.py --trials 100 1000 10000 20000 --workers 1 32 1000

The study, the controller and the scheduler are those of a sweep; the journal lies in memory, if there is /dev/shm. Of
each size the last tenth of the trials is measured: what a trial costs when there are as many. The points before it are
random, as that is quicker; then the sweep is resumed, and TPE draws with all that they taught. Its own time is told
apart. Times are those of the driver's thread on the CPU, whatever else runs on the machine.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from replay.methods.own import MEMORY_DISK
from support.common import make_config
from support.made_up_search import begin, report_of

from tuner.core.config import SweepConfig
from tuner.core.records import Value
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision
from tuner.search.study import Study

EPOCHS = 27
SPACE = {
    "batch_size": {"choices": [32, 64, 128, 256]},
    "optimizer": {"choices": ["sgd", "adam", "adamw"]},
    "lr": {"low": 1e-4, "high": 1.0, "log": True},
    "weight_decay": {"low": 1e-5, "high": 1e-1, "log": True},
    "dropout": {"low": 0.0, "high": 0.7},
    "momentum": {"low": 0.5, "high": 0.97, "when": {"optimizer": "sgd"}},
}


class Clock:
    """Seconds of this thread that drawing took."""

    def __init__(self, study: Study) -> None:
        self.drawing = 0.0
        self._reissue = study.reissue
        study.reissue = self._timed  # type: ignore[method-assign]

    def _timed(self, number: int) -> tuple[int, dict[str, Value]]:
        began = time.thread_time()
        try:
            return self._reissue(number)
        finally:
            self.drawing += time.thread_time() - began


@dataclass(frozen=True)
class Cost:
    """CPU seconds, per trial those over the last tenth of the trials."""

    driver: float
    drawing: float
    opening: float
    """Of the study with nine tenths of its trials: to be ready to decide."""


def measure(config: SweepConfig, folder: Path) -> Cost:
    """Runs a search to its end."""
    count = config.trials // 10
    controller, study = begin(replace(config, sampler="random"), folder)
    run(controller, study, config.concurrency, config.trials - count)
    began = time.thread_time()
    controller, study = begin(config, folder)
    opened, clock = time.thread_time() - began, Clock(study)
    run(controller, study, config.concurrency, config.trials - count + 1)  # those that were interrupted go on first
    whole, drawing = time.thread_time(), clock.drawing
    run(controller, study, config.concurrency, config.trials)
    whole, drawing = time.thread_time() - whole, clock.drawing - drawing
    return Cost(driver=(whole - drawing) / (count - 1), drawing=drawing / (count - 1), opening=opened)


def run(controller: Controller, study: Study, workers: int, trials: int) -> None:
    """Drives the workers until so many trials have begun."""
    rng = np.random.default_rng(study.count)
    live = deque(controller.live())
    while study.count < trials:
        while len(live) < workers and study.count < trials and (drawn := controller.next_trial()):
            live.append(drawn[0])
        if not live:
            break
        number = live.popleft()
        record = study.record(number)
        report = report_of(record.epoch + 1, score(record.parameters, record.epoch + 1, rng))
        if controller.on_report(number, report) is Decision.CONTINUE:
            live.append(number)


def score(parameters: dict[str, Value], epoch: int, rng: np.random.Generator) -> float:
    """A validation accuracy that a good point reaches."""
    quality = (1 - float(parameters["dropout"])) * math.exp(-((math.log10(float(parameters["lr"])) + 2) ** 2) / 2)
    return 0.1 + 0.8 * quality * (1 - math.exp(-epoch / 5)) + 0.02 * float(rng.random())


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 5000, 20000], help="20 or more")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 32, 1000])
    arguments = parser.parse_args()
    print("| workers | trials | driver, ms a trial | TPE, ms a trial | trials a second | opened again in, s |")
    print("|---|---|---|---|---|---|")
    for workers in arguments.workers:
        for trials in arguments.trials:
            space = {"epochs": EPOCHS, "params": SPACE}
            config = make_config(trials=trials, epochs=EPOCHS, concurrency=workers, space=space)
            with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as folder:
                cost = measure(config, Path(folder))
            print(
                f"| {workers} | {trials} | {1000 * cost.driver:.2f} | {1000 * cost.drawing:.1f} "
                f"| {1 / (cost.driver + cost.drawing):.0f} | {cost.opening:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
