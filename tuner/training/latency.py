"""How long a model takes for a batch, from raw samples in memory to its answers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from tuner.training.classifier import predict_logits

BATCHES = (1, 64)
WARMING = 3  # passes that are not counted
PASSES = 30  # at most
LEAST_PASSES = 5
LONGEST_S = 2.0  # after which no further pass begins


def median_ms(run: Callable[[], object], now: Callable[[], float] = time.perf_counter) -> float:
    """The median time of `run` in milliseconds. `now` gives the seconds, once all that was begun is done."""
    return medians_ms([run], now)[0]


def medians_ms(runs: Sequence[Callable[[], object]], now: Callable[[], float] = time.perf_counter) -> list[float]:
    """The same of several, which take turns: what else the machine does meanwhile slows all alike."""
    times: list[list[float]] = [[] for _ in runs]
    began = time.perf_counter()
    for turn in range(WARMING + PASSES):
        if len(times[-1]) >= LEAST_PASSES and time.perf_counter() - began > LONGEST_S * len(runs):
            break
        for run, own in zip(runs, times, strict=True):
            started = now()
            run()
            if turn >= WARMING:
                own.append(now() - started)
    return [1000 * statistics.median(own) for own in times]


def latencies_ms(
    models: Sequence[nn.Module], samples: Tensor, batches: Sequence[int] = BATCHES
) -> list[dict[int, float]]:
    """By the size of the batch, the median time of each model on the CPU in milliseconds, with this process's threads.

    `samples` are raw ones; where a batch needs more, they are repeated.
    """
    found: list[dict[int, float]] = [{} for _ in models]
    for batch in batches:
        inputs = samples[torch.arange(batch) % len(samples)]
        medians = medians_ms([partial(predict_logits, each, inputs) for each in models])
        for own, milliseconds in zip(found, medians, strict=True):
            own[batch] = milliseconds
    return found
