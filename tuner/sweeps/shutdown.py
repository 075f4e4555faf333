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
    """Ends an unfinished sweep: no MLflow run is left RUNNING, and the user is told the next command."""

    def __init__(
        self, stop: Stop, study: Study, held: SweepLock, console: Console, folder: Path, leave: Callable[[str], None]
    ) -> None:
        """`leave` prints the summary of a stopped sweep; its argument is why part of it is missing in MLflow."""
        self._stop = stop
        self._study = study
        self._held = held
        self._console = console
        self._folder = folder
        self._leave = leave
        self.tracker: BackgroundTracker | None = None
        self.halted = ""
        """Why the sweep has stopped by itself, in one line; empty if it has not."""

    def close(self, status: str) -> str:
        """Ends the MLflow runs, the sweep's own with this status. Returns why that failed; empty if it did not."""
        if self.tracker is None:
            return "tracking has not started yet"
        self.tracker.interrupted(self._study.records())
        return self.tracker.close(status)

    def give_up(self, reason: str, kill: Callable[[], None]) -> NoReturn:
        """Ends this process at once, whatever its threads wait for. The study is safe: it survives a kill at any time.

        `kill` ends the processes that this one has started.
        """
        stopped = self._stop.asked and not self.halted
        try:
            self._tell("" if stopped else self.halted or f"{reason}; to continue: tuner resume {self._folder.name}")
            self._held.end()
        finally:  # even if a full disk or a closed pipe has raised an error
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
