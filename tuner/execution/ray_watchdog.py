"""Ends a sweep whose Ray can neither run nor end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from tuner.execution.signals import Stop

PATIENCE_S = 15.0  # before SIGKILL `tuner stop --now` waits for 20 s, Kubernetes and Ray for 30, systemd for 90
POLL_S = 0.2


class Watchdog:
    """Watches a sweep from a thread, and ends it if Ray cannot shut down.

    A signal to the whole control group ends Ray's own processes too, and so may a system that is short of memory. Calls
    to Ray then wait for a minute and abort the process.
    """

    def __init__(self, stop: Stop, died: Callable[[], str], give_up: Callable[[str], NoReturn]) -> None:
        """`died` names the processes of Ray itself that have died; empty while all run."""
        self._stop = stop
        self._died = died
        self._give_up = give_up
        self._closing = threading.Event()
        self._over = threading.Event()
        self._until: float | None = None
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Ends the process if Ray has died, or if it takes too long after a signal that SIGKILL may follow."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Marks the time in which Ray is shut down on purpose."""
        if self._died():
            self._thread.join()  # which ends this process; Ray would wait for processes that are gone
        self._closing.set()
        yield

    def _watch(self) -> None:
        while not self._over.wait(POLL_S):
            died = "" if self._closing.is_set() else self._died()
            if died:
                self._give_up(f"Ray's {died} died during the sweep")
            if self._until is None and (self._stop.urgent or (self._stop.asked and self._closing.is_set())):
                self._until = time.monotonic() + PATIENCE_S
            if self._until is not None and time.monotonic() > self._until:
                self._give_up("Ray does not shut down")
