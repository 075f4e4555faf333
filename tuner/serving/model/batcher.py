"""Dynamic batching: samples of requests that come at about the same time go through the network together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import Tensor

from tuner.core.units import counted
from tuner.serving.model.network_thread import Done, NetworkThread, passed
from tuner.serving.refusal import RefusedError

Forward = Callable[[Tensor], Tensor]
QUICK_S = 0.003  # a pass that takes less is no longer than it takes a busy machine to wake another thread


class _Waiting(NamedTuple):
    inputs: Tensor
    answer: asyncio.Future[Tensor]
    since: float


class Batcher:
    """Runs a network on as many samples at a time as there are, in one thread of its own, off the event loop.

    While the thread is busy, samples gather, and are the next batch. While it is not, a sample waits `wait_s` seconds
    for others, and by default not at all. The order is kept.

    A request that is alone goes through the network on the event loop where that was quick the last time: two
    threads that wait for each other take longer. It is alone if no other has come in the same turn of the loop.
    """

    def __init__(
        self,
        forward: Forward,
        *,
        most: int,
        wait_s: float,
        most_waiting: int,
        threads: int = 1,
        quick_s: float = QUICK_S,
        note: Callable[[int], object] = lambda _: None,
    ) -> None:
        """
        Args:
            forward: (samples, *shape) inputs to (samples, outputs); it may be slow.
            most: samples in a batch. A request with more is a batch of its own.
            wait_s: seconds.
            most_waiting: samples that may wait; a request beyond is refused.
            threads: of torch, for one pass.
            quick_s: seconds of one sample's pass up to which it may be on the event loop.
            note: is told the size of each batch.
        """
        self._forward, self._most, self._wait_s, self._most_waiting = forward, most, wait_s, most_waiting
        self._quick_s, self._note = quick_s, note
        self._single_s = float("inf")  # of the last pass of one sample
        self._queue: deque[_Waiting] = deque()
        self._samples = 0
        self._busy = False
        self._timer: asyncio.Handle | None = None
        self._thread = NetworkThread(forward, threads)

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
        self._look(loop)
        return await waiting.answer

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins a batch where the thread is free, and the first sample has waited long enough, or enough are there."""
        if self._busy or not self._queue:
            return
        left = self._queue[0].since + self._wait_s - loop.time()
        if self._samples >= self._most:
            self._begin(loop)
        elif self._timer is None:  # with nothing left, it rings once all that has come in this turn is in the queue
            self._timer = loop.call_later(left, self._ring, loop) if left > 0 else loop.call_soon(self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._queue and not self._busy:
            self._begin(loop)

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
        self._note(size)
        inputs = [each.inputs for each in batch]
        if size == 1 and self._single_s <= self._quick_s and not self._queue:
            self._end(batch, passed(self._forward, inputs))
            return
        self._busy = True
        self._thread.begin(inputs, partial(self._end, batch), loop)

    def _end(self, batch: list[_Waiting], done: Done) -> None:
        self._busy = False
        if len(batch) == 1 and len(batch[0].inputs) == 1:
            self._single_s = done.seconds
        for place, each in enumerate(batch):
            if each.answer.done():  # its client has gone
                continue
            if done.error is not None:
                each.answer.set_exception(done.error)
            else:
                each.answer.set_result(done.outputs[place])
        self._look(asyncio.get_running_loop())

    async def close(self) -> None:
        """Ends the thread, once all that was asked is answered."""
        while self._busy or self._queue:
            await asyncio.sleep(0.01)
        self._thread.close()
