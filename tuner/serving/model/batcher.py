"""Dynamic batching: samples of requests that come at about the same time go through the network together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from tuner.core.units import counted
from tuner.serving.refusal import RefusedError

Forward = Callable[[Tensor], Tensor]


class _Waiting(NamedTuple):
    inputs: Tensor
    answer: asyncio.Future[Tensor]
    since: float


class Batcher:
    """Runs a network in one thread of its own, off the event loop, on as many samples at a time as there are.

    While the thread is busy, samples gather, and are the next batch. While it is not, a sample waits `wait_s` seconds
    for others, and by default not at all. The order is kept.
    """

    def __init__(
        self,
        forward: Forward,
        *,
        most: int,
        wait_s: float,
        most_waiting: int,
        threads: int = 1,
        note: Callable[[int], object] = lambda _: None,
    ) -> None:
        """
        Args:
            forward: (samples, *shape) inputs to (samples, outputs); it may be slow.
            most: samples in a batch. A request with more is a batch of its own.
            wait_s: seconds.
            most_waiting: samples that may wait; a request beyond is refused.
            threads: of torch, for one pass.
            note: is told the size of each batch.
        """
        self._forward, self._most, self._wait_s, self._most_waiting = forward, most, wait_s, most_waiting
        self._note = note
        self._queue: deque[_Waiting] = deque()
        self._samples = 0
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._thread = ThreadPoolExecutor(1, "network", initializer=torch.set_num_threads, initargs=(threads,))

    @property
    def waiting(self) -> int:
        """Samples that wait."""
        return self._samples

    async def __call__(self, inputs: Tensor) -> Tensor:
        """The outputs for (samples, *shape) inputs.

        Raises:
            RefusedError: too many samples wait already.
            Exception: what the network has raised.
        """
        if self._queue and self._samples + len(inputs) > self._most_waiting:
            raise RefusedError(503, f"{counted(self._samples, 'sample')} wait already: try again")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(inputs, loop.create_future(), loop.time())
        self._queue.append(waiting)
        self._samples += len(inputs)
        self._look()
        return await waiting.answer

    def _look(self) -> None:
        """Begins a batch where the thread is free, and the first sample has waited long enough, or enough are there."""
        if self._busy or not self._queue:
            return
        loop = asyncio.get_running_loop()
        left = self._queue[0].since + self._wait_s - loop.time()
        if left <= 0 or self._samples >= self._most:
            self._begin(loop)
        elif self._timer is None:
            self._timer = loop.call_later(left, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._look()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch = [self._queue.popleft()]
        size = len(batch[0].inputs)
        while self._queue and size + len(self._queue[0].inputs) <= self._most:
            batch.append(self._queue.popleft())
            size += len(batch[-1].inputs)
        self._samples -= size
        self._busy = True
        self._note(size)
        running = loop.run_in_executor(self._thread, self._run, [each.inputs for each in batch])
        running.add_done_callback(lambda done: self._end(batch, done))

    def _run(self, inputs: list[Tensor]) -> tuple[Tensor, ...]:
        outputs = self._forward(torch.cat(inputs) if inputs[1:] else inputs[0])
        return torch.split(outputs, [len(each) for each in inputs])

    def _end(self, batch: list[_Waiting], done: asyncio.Future[tuple[Tensor, ...]]) -> None:
        self._busy = False
        error = done.exception()
        for place, each in enumerate(batch):
            if each.answer.done():  # its client has gone
                continue
            if error is not None:
                each.answer.set_exception(error)
            else:
                each.answer.set_result(done.result()[place])
        self._look()

    async def close(self) -> None:
        """Ends the thread, once all that was asked is answered."""
        while self._busy or self._queue:
            await asyncio.sleep(0.01)
        self._thread.shutdown(wait=False)
