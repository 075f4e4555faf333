"""The next point, drawn in the background: of a sampler that thinks for seconds, so that no worker waits for it.

The thread reads a copy of what the sampler sees and writes nothing. The study gets the point when a worker takes it, so
a kill loses some thinking, and leaves no trial that nobody trains.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from tuner.search.samplers.point import Point

THINK_LONG = ("gp",)
"""The samplers that are asked ahead. The others take milliseconds."""
_THREAD = "ask-ahead"


class AskAhead:
    """Draws the point of one trial at a time."""

    def __init__(self, prepare: Callable[[int], Callable[[], Point]]) -> None:
        """`prepare` takes the number of a trial, looks at the study, and returns what draws the point in the thread."""
        self._prepare = prepare
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=_THREAD)
        self._number = -1
        self._point: Future[Point] | None = None
        for handler in logging.getLogger("optuna").handlers:
            handler.addFilter(_not_of_the_thread)

    def begin(self, number: int) -> None:
        """Begins to draw the point of a trial, if that has not begun."""
        if number != self._number:
            self._number, self._point = number, self._pool.submit(self._prepare(number))

    def ready(self, number: int) -> bool:
        """Whether the point of a trial is there; it is being drawn if not."""
        self.begin(number)
        assert self._point is not None
        return self._point.done()

    def take(self, number: int) -> Point:
        """The point of a trial; waits for it."""
        self.begin(number)
        assert self._point is not None
        return self._point.result()

    def close(self) -> None:
        """Waits for what is being drawn: a thread within PyTorch cannot be left alone when the process ends."""
        self._pool.shutdown(cancel_futures=True)


def _not_of_the_thread(record: logging.LogRecord) -> bool:
    """Silences what Optuna notes there, as `study_reader.quiet_optuna` does elsewhere."""
    return record.levelno >= logging.ERROR or not str(record.threadName).startswith(_THREAD)
