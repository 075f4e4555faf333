"""The thread that a network runs in: what it is given it does in turn, and tells the event loop."""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

import torch
from torch import Tensor

Parts = list[Tensor]
"""For each request of a batch, its samples or its outputs."""


class Done(NamedTuple):
    """How a pass has ended."""

    outputs: Parts
    error: Exception | None
    seconds: float


def passed(forward: Callable[[Tensor], Tensor], inputs: Parts) -> Done:
    """Runs the samples of several requests through a network together."""
    began = time.perf_counter()
    try:
        outputs = forward(torch.cat(inputs) if inputs[1:] else inputs[0])
        parts = list(torch.split(outputs, [len(each) for each in inputs])) if inputs[1:] else [outputs]
    except Exception as error:
        return Done([], error, time.perf_counter() - began)
    return Done(parts, None, time.perf_counter() - began)


class NetworkThread:
    """A thread that waits for batches. An executor would do, but with a lock and two futures for each batch."""

    def __init__(self, forward: Callable[[Tensor], Tensor], threads: int) -> None:
        """`threads` are those of torch, for one pass."""
        self._forward, self._threads = forward, threads
        self._jobs: SimpleQueue[tuple[Parts, Callable[[Done], object], AbstractEventLoop] | None] = SimpleQueue()
        Thread(target=self._work, name="network", daemon=True).start()

    def begin(self, inputs: Parts, end: Callable[[Done], object], loop: AbstractEventLoop) -> None:
        """Runs a batch, and then calls `end` on the event loop."""
        self._jobs.put((inputs, end, loop))

    def close(self) -> None:
        """Ends the thread, after what it has been given."""
        self._jobs.put(None)

    def _work(self) -> None:
        torch.set_num_threads(self._threads)
        while (job := self._jobs.get()) is not None:
            inputs, end, loop = job
            done = passed(self._forward, inputs)
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(end, done)
            del job, inputs, end, done  # nothing is held while it waits
