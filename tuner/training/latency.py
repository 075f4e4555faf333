"""How long a model takes for a batch, from raw samples in memory to its answers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

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
    times: list[float] = []
    began = time.perf_counter()
    for turn in range(WARMING + PASSES):
        started = now()
        if len(times) >= LEAST_PASSES and started - began > LONGEST_S:
            break
        run()
        if turn >= WARMING:
            times.append(now() - started)
    return 1000 * statistics.median(times)


def latencies_ms(model: nn.Module, samples: Tensor, batches: Sequence[int] = BATCHES) -> dict[int, float]:
    """By the size of the batch, the median time on the CPU in milliseconds, with the threads of this process.

    `samples` are raw ones; where a batch needs more, they are repeated.
    """
    found = {}
    for batch in batches:
        inputs = samples[torch.arange(batch) % len(samples)]
        found[batch] = median_ms(lambda inputs=inputs: predict_logits(model, inputs))  # type: ignore[misc]
    return found
