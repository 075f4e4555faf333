"""How a sweep leaves MLflow and its folder when it stops before its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from tuner.core.sweep_folder import write_error
from tuner.execution.signals import Stop
from tuner.search.study import Study
from tuner.sweeps.lock import SweepLock
from tuner.tracking.background import BackgroundTracker


class Shutdown:
    """What is to be done then: no run of MLflow's is left RUNNING, and the next command is named."""

    def __init__(
        self, stop: Stop, study: Study, held: SweepLock, console: Console, folder: Path, leave: Callable[[str], None]
    ) -> None:
        """`leave` prints what a stopped sweep has come to, given why MLflow lacks a part of it."""
        self._stop = stop
        self._study = study
        self._held = held
        self._console = console
        self._folder = folder
        self._leave = leave
        self.tracker: BackgroundTracker | None = None
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
            write_error(self._folder, error)
        unsent = self.close("FAILED" if error else "KILLED")
        self._console.show_cursor()  # which the live table hides
        if error:
            self._console.print(f"error: {error}", markup=False, soft_wrap=True)
        else:
            self._leave(unsent)
