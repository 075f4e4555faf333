"""How a sweep leaves MLflow and its folder when it does not come to its end, by whatever it is kept from that."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from tuner.driver import Held
from tuner.search import Study
from tuner.signals import Stop
from tuner.status import note_error
from tuner.tracker import Tracker

PATIENCE_S = 15.0  # before SIGKILL `tuner stop --now` waits for 20 s, Kubernetes and Ray for 30, systemd for 90
POLL_S = 0.2


class Ending:
    """What is to be done then: no run of MLflow's is left RUNNING, and the next command is named."""

    def __init__(
        self, stop: Stop, study: Study, held: Held, console: Console, folder: Path, leave: Callable[[str], None]
    ) -> None:
        """`leave` prints what a stopped sweep has come to, given why MLflow lacks a part of it."""
        self._stop = stop
        self._study = study
        self._held = held
        self._console = console
        self._folder = folder
        self._leave = leave
        self.tracker: Tracker | None = None
        self.halted = ""
        """Why the sweep has ended by itself, in a line, if it has."""

    def close(self, status: str) -> str:
        """Ends the runs of MLflow's, the sweep's own with this status. Returns why that could not be done."""
        if self.tracker is None:
            return "it has not come to that"
        self.tracker.interrupted(self._study.records())
        return self.tracker.close(status)

    def give_up(self, reason: str, kill: Callable[[], None]) -> NoReturn:
        """Ends this process at once, whatever its threads wait for. The study is safe: a kill may come at any time.

        `kill` ends the processes that it has started.
        """
        stopped = self._stop.asked and not self.halted
        try:
            self._tell("" if stopped else self.halted or f"{reason}; to go on: tuner resume {self._folder.name}")
            self._held.end()
        finally:  # whatever a disk or a closed pipe has kept it from
            kill()
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(self._stop.status if stopped else 1)

    def _tell(self, error: str) -> None:
        if error:
            note_error(self._folder, error)
        unsent = self.close("FAILED" if error else "KILLED")
        self._console.show_cursor()  # which the live table hides
        if error:
            self._console.print(f"error: {error}", markup=False, soft_wrap=True)
        else:
            self._leave(unsent)


class Guard:
    """Watches, from a thread, over a sweep whose Ray may be unable to end.

    A signal to the whole control group ends Ray's own processes too, as a system that is short of memory may: then
    calls of Ray's wait for a minute, and abort the process.
    """

    def __init__(self, stop: Stop, died: Callable[[], str], give_up: Callable[[str], NoReturn]) -> None:
        """`died` names what has ended of Ray's own processes; empty while all is well."""
        self._stop = stop
        self._died = died
        self._give_up = give_up
        self._closing = threading.Event()
        self._over = threading.Event()
        self._until: float | None = None
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Ends the process when Ray has died, or takes too long after a signal that SIGKILL may follow."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()

    @contextmanager
    def closing(self) -> Iterator[None]:
        """While Ray is ended on purpose."""
        if self._died():
            self._thread.join()  # it ends this process; Ray would wait for what is gone
        self._closing.set()
        yield

    def _watch(self) -> None:
        while not self._over.wait(POLL_S):
            died = "" if self._closing.is_set() else self._died()
            if died:
                self._give_up(f"Ray's {died} has ended under the sweep")
            if self._until is None and (self._stop.urgent or (self._stop.asked and self._closing.is_set())):
                self._until = time.monotonic() + PATIENCE_S
            if self._until is not None and time.monotonic() > self._until:
                self._give_up("Ray does not end")
