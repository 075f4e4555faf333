"""The lock of the process that runs a sweep, what others can learn of it, and what they can ask of it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from socket import gethostname
from typing import IO

from tuner.core.errors import TunerError
from tuner.core.files import write_atomic
from tuner.core.sweep_folder import SweepFolder

LOOKS = 20  # attempts to lock a folder: processes that only check the lock hold it too, for a moment
LOOK_S = 0.02
APART_S = 0.5  # between two notes of which trials have a worker: where they take a second, each would cost a flush


@dataclass(frozen=True, kw_only=True)
class Driver:
    """What is known about the process that runs a sweep, or ran it last."""

    pid: int
    started: float
    """Seconds since 1970."""
    host: str = ""
    """The name of its machine: others may see the sweep's folder, too. Empty if an earlier version wrote this."""
    live: tuple[int, ...] = ()
    """The trials that have a worker."""
    ended: bool = False
    """Whether it has ended, with or without an error; False while it runs, or if it was killed."""
    samples: int = 0
    """Of the validation split: they say how sure a score on it is. 0 if that is not known."""
    dashboard: str = ""
    """The address of the Ray dashboard that it has started; empty if it has none."""

    @property
    def is_here(self) -> bool:
        """Whether this machine is its machine."""
        return self.host in ("", gethostname())

    def save(self, folder: Path) -> None:
        """Writes the file. If that fails the sweep continues: the file only informs."""
        with suppress(OSError):
            write_atomic(SweepFolder(folder).driver, lambda file: file.write(json.dumps(asdict(self)).encode()))


class SweepLock:
    """A sweep that this process runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._driver = Driver(pid=os.getpid(), started=time.time(), host=gethostname())
        self._driver.save(folder)
        self._noted = time.monotonic() - APART_S

    def note_live(self, live: set[int]) -> None:
        """Writes down which trials have a worker, if that has changed and the last note is not just written.

        It is called several times a second: what is not written now is then.
        """
        now = time.monotonic()
        if set(self._driver.live) != live and now - self._noted >= APART_S:
            self._noted = now
            self._driver = replace(self._driver, live=tuple(sorted(live)))
            self._driver.save(self._folder)

    def note(self, *, samples: int | None = None, dashboard: str | None = None) -> None:
        """Writes down what others want to know: see Driver."""
        known = {name: value for name, value in (("samples", samples), ("dashboard", dashboard)) if value is not None}
        self._driver = replace(self._driver, **known)  # type: ignore[arg-type]
        self._driver.save(self._folder)

    def end(self) -> None:
        """Writes down that this process has ended without being killed."""
        replace(self._driver, live=(), ended=True, dashboard="").save(self._folder)


@contextmanager
def lock_sweep(folder: Path) -> Iterator[SweepLock]:
    """Locks a sweep, so that no other process runs it. The system releases the lock when this process dies.

    Orders that earlier processes have not followed are deleted.

    Raises:
        TunerError: another process runs it.
    """
    with SweepFolder(folder).lock.open("a") as file:
        with control_gate(folder):
            _lock(file, fcntl.LOCK_EX, f"the sweep {folder.name} is running in another process")
            clear_order(folder)
            held = SweepLock(folder)
        try:
            yield held
        finally:
            held.end()


@contextmanager
def lock_for_sync(folder: Path) -> Iterator[None]:
    """Keeps other processes from running the sweep or locking it too. Meanwhile it does not count as running."""
    with SweepFolder(folder).lock.open("a") as file, SweepFolder(folder).sync_lock.open("a") as others:
        _lock(file, fcntl.LOCK_SH, f"the sweep {folder.name} is running in another process")
        _lock(others, fcntl.LOCK_EX, f"another process is uploading {folder.name} to MLflow, or deleting it")
        yield


def _lock(file: IO[str], kind: int, taken: str) -> None:
    for _ in range(LOOKS):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_S)
        else:
            return
    raise TunerError(taken)


def is_running(folder: Path) -> bool:
    """Whether a process of this machine runs the sweep."""
    return is_locked(SweepFolder(folder).lock)


def is_locked(path: Path) -> bool:
    """Whether a process of this machine has this file locked. There may be no such file."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def last_driver(folder: Path) -> Driver | None:
    """The process that runs the sweep, or ran it last; None when there was none."""
    try:
        raw = json.loads(SweepFolder(folder).driver.read_text(encoding="utf-8"))
        return Driver(**{**raw, "live": tuple(raw["live"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def live_trials(folder: Path) -> tuple[int, ...]:
    """The numbers of the trials that workers have now."""
    driver = last_driver(folder)
    return driver.live if driver and is_running(folder) else ()


@contextmanager
def control_gate(folder: Path) -> Iterator[None]:
    """Lets one process in at a time.

    A process that gives an order checks in here whether a sweep is running to follow it. A process that starts to run
    the sweep deletes old orders in here. So no order to the new process is lost.
    """
    with SweepFolder(folder).gate.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clear_order(folder: Path) -> None:
    """Deletes the order."""
    SweepFolder(folder).order.unlink(missing_ok=True)


class Order(Enum):
    """A request."""

    STOP = "stop"
    """Finish the running epochs, then test and register the best trial so far."""
    PAUSE = "pause"
    """Save all trials and stop, to be resumed later."""


def give_order(folder: Path, order: Order) -> None:
    """Gives an order. It replaces an earlier one."""
    write_atomic(SweepFolder(folder).order, lambda file: file.write(order.value.encode()))


def current_order(folder: Path) -> Order | None:
    """The current order, if there is one. Takes a few microseconds if there is none."""
    try:
        return Order(SweepFolder(folder).order.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None
