"""How a sweep leaves MLflow and its folder when it stops before its end."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

from tuner.core.callback import Callback
from tuner.core.errors import SweepError, SweepStopped, TunerError, disk_error_text, disk_sweep_error
from tuner.core.outcome import Outcome
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder, write_error
from tuner.execution.signals import Stop
from tuner.sweeps.lock import SweepLock
from tuner.tracking.background import BackgroundTracker


class Shutdown:
    """Both ways out: `close` for errors and signals, `give_up` for a Ray that cannot end."""

    def __init__(
        self,
        folder: SweepFolder,
        records: Callable[[], Sequence[TrialRecord]],
        tracker: BackgroundTracker,
        lock: SweepLock,
        stop: Stop,
        events: Callback,
    ) -> None:
        """`records` gives all trials of the sweep, and the trainings that confirm one."""
        self._folder = folder
        self._records = records
        self._tracker = tracker
        self._lock = lock
        self._stop = stop
        self._events = events
        self.halted = ""
        """Why the sweep has stopped by itself, in a line, if it has."""
        self.interrupted: Callable[[str], Outcome]
        """The outcome of the sweep as it is, given why MLflow lacks a part of it. Set by SweepRun."""

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Leaves MLflow and the folder in order, by whatever the block is ended before its end.

        Raises:
            SweepStopped: a signal came when there was no trial to save.
            SweepError: something failed; what, is noted in the folder.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.close("KILLED")
            raise SweepStopped(self._folder.name, self._stop.number) from None
        except TunerError:
            self.close("FAILED")
            raise
        except Exception as error:
            self.close("FAILED")
            noted = _note_failure(error, self._folder)
            raise noted from (None if noted is error else error)
        except BaseException:
            self.close("KILLED")
            raise

    def close(self, status: str) -> str:
        """Ends the runs in MLflow, the sweep's own with this status. Returns why that could not be done."""
        self._tracker.interrupted(self._records())
        return self._tracker.close(status)

    def give_up(self, reason: str, kill: Callable[[], None]) -> NoReturn:
        """Ends this process at once, whatever its threads wait for. The study is safe: it survives a kill at any time.

        Args:
            reason: why, in a line.
            kill: ends the processes that this one has started.
        """
        stopped = self._stop.asked and not self.halted
        try:
            self._tell("" if stopped else self.halted or f"{reason}; to continue: tuner resume {self._folder.name}")
            self._lock.end()
        finally:  # whatever a full disk or a closed pipe has prevented
            kill()
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(self._stop.status if stopped else 1)

    def _tell(self, error: str) -> None:
        if error:
            write_error(self._folder.path, error)
        unsent = self.close("FAILED" if error else "KILLED")
        if error:
            self._events.on_sweep_error(error)
        else:
            self._events.on_sweep_end(self.interrupted(unsent))


def _note_failure(error: Exception, folder: SweepFolder) -> SweepError:
    """Writes why a sweep has failed to where `tuner status` and `logs` find it. Returns that in one line.

    A SweepError keeps its words, whatever it was caused by: who raised it knew more.
    """
    if not isinstance(error, SweepError) and disk_error_text(error):
        error = disk_sweep_error(disk_error_text(error), folder.name)
    known = isinstance(error, SweepError)
    write_error(folder.path, str(error) if known else traceback.format_exc().rstrip())
    if isinstance(error, SweepError):
        return error
    kept = f"all trials so far are kept; details in {folder.error}; to continue: tuner resume {folder.name}"
    return SweepError(f"{type(error).__name__}: {' '.join(str(error).split())}; {kept}")
