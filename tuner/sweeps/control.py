"""Stopping, pausing and detaching a sweep from another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.sweeps.lock import Driver, Order, control_gate, give_order, is_running, last_driver
from tuner.sweeps.sweep_reader import SweepReader
from tuner.warm.place import SWITCH

POLL_S = 0.1
PATIENCE_S = 20.0  # how long a process that was told to stop at once may take to save its trials
_IS = {"finished": "is finished", "paused": "is paused", "failed": "has failed", "crashed": "has crashed"}
START_S = 120.0  # how long the start of Python may take on a busy machine


def stop(name: str, *, now: bool) -> None:
    """Asks the process that runs a sweep to stop it with the best so far; or, `now`, at once and without a model.

    Raises:
        TunerError: no process runs it.
    """
    if now:
        _end_at_once(name)
    else:
        _order(name, Order.STOP)


def pause(name: str) -> None:
    """Asks the process that runs a sweep to save all trials and stop. Raises TunerError when none does."""
    _order(name, Order.PAUSE)


def detach(name: str, *, dashboard: bool = False) -> int:
    """Resumes a sweep in a process of its own, which outlives this terminal. Returns its process id.

    With a `dashboard` that process prints its address, see `SweepFolder.output`.

    Raises:
        TunerError: it stopped as it started; the message is what it printed.
    """
    folder = SweepFolder(tuner_home() / name)
    folder.error.unlink(missing_ok=True)
    with folder.output.open("a", encoding="utf-8") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tuner", "resume", name, *(["--dashboard"] if dashboard else [])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, SWITCH: "0"},  # it is the process that runs the sweep, and no client of it
        )
    deadline = time.monotonic() + START_S
    while not _begun(folder.path, process.pid) and time.monotonic() < deadline:
        if process.poll() is not None:
            with folder.output.open(encoding="utf-8") as output:
                output.seek(begin)
                raise TunerError(output.read().strip().removeprefix("error: ") or f"{name} stopped as it started")
        time.sleep(POLL_S)
    return process.pid


def _begun(folder: Path, pid: int) -> bool:
    driver = last_driver(folder)
    return driver is not None and driver.pid == pid


def _order(name: str, order: Order) -> None:
    with _running(name) as folder:
        give_order(folder, order)


@contextmanager
def _running(name: str) -> Iterator[Path]:
    """The folder of a sweep that runs. Nobody begins to run it meanwhile; raises TunerError when nobody does."""
    home = tuner_home()
    known_sweep(name, home)
    with control_gate(home / name):
        if not is_running(home / name):
            state = SweepReader(name, home).status().state
            onwards = "" if state == "finished" else f"; to continue: tuner resume {name}"
            raise TunerError(f"the sweep {name} is not running: it {_IS[state]}{onwards}")
        yield home / name


def _end_at_once(name: str) -> None:
    """Ends the process that runs the sweep now. One that resumes it afterwards is another one, and is let be."""
    with _running(name) as folder:
        driver = last_driver(folder)
        if driver is None or driver.ended:
            raise TunerError(f"the process that runs {name} is not known: is it on another machine?")
        if not driver.is_here:
            raise TunerError(f"{name} runs on {driver.host}: leave out --now, or type this there")
        _signal(driver, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while _runs(driver, folder):
        if time.monotonic() > deadline:
            _signal(driver, signal.SIGKILL)
            return
        time.sleep(POLL_S)


def _runs(driver: Driver, folder: Path) -> bool:
    """Whether it is still this one that runs the sweep."""
    last = last_driver(folder)
    return last is not None and (last.pid, last.started) == (driver.pid, driver.started) and is_running(folder)


def _signal(driver: Driver, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        os.kill(driver.pid, number)
