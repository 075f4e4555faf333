"""Stopping, pausing and detaching a sweep from another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from rich.console import Console

from tuner.core.errors import TunerError
from tuner.core.files import tuner_home, write_atomic
from tuner.core.sweep_folder import ERROR_FILE, ORDER_FILE, OUTPUT_FILE, known_sweep
from tuner.sweeps import lock
from tuner.sweeps.lock import Driver, is_running, last_driver
from tuner.sweeps.status import SweepReader


class Order(Enum):
    """What is asked."""

    STOP = "stop"
    """End the search with the epochs that are running, then test and register the best so far."""
    PAUSE = "pause"
    """Save all trials and end, to go on later."""


def give_order(folder: Path, order: Order) -> None:
    """Asks for it. A later order takes the place of an earlier one."""
    write_atomic(folder / ORDER_FILE, lambda file: file.write(order.value.encode()))


def current_order(folder: Path) -> Order | None:
    """What is asked for now. Costs a few microseconds when there is nothing."""
    try:
        return Order((folder / ORDER_FILE).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None


POLL_S = 0.5


PATIENCE_S = 20.0  # how long a process that was told to stop at once may take to save its trials


_IS = {"finished": "is finished", "paused": "is paused", "failed": "has failed", "crashed": "has crashed"}


START_S = 120.0  # how long the start of Python may take on a busy machine


def stop(name: str, *, now: bool, err: Console) -> int:
    """Asks the process that runs a sweep to stop it with the best so far; or to stop at once, without a model."""
    if now:
        _end_at_once(name)
        err.print(f"{name} was stopped at once, every trial as it was last saved; to continue: tuner resume {name}")
        return 0
    _order(name, Order.STOP)
    err.print(f"{name} stops: running trials finish their epoch, then the best trial is tested and registered")
    err.print(f"to watch it: tuner status {name} --watch")
    return 0


def pause(name: str, *, err: Console) -> int:
    """Asks the process that runs a sweep to save all trials and stop."""
    _order(name, Order.PAUSE)
    err.print(f"{name} saves its trials and stops; to continue: tuner resume {name}")
    return 0


def detach(name: str, *, err: Console) -> int:
    """Runs what is left of a sweep in a process of its own, which outlives this terminal."""
    folder = tuner_home() / name
    (folder / ERROR_FILE).unlink(missing_ok=True)
    with (folder / OUTPUT_FILE).open("a", encoding="utf-8") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "tuner", "resume", name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    while not _begun(folder, process.pid) and time.monotonic() < deadline:
        if process.poll() is not None:
            with (folder / OUTPUT_FILE).open(encoding="utf-8") as output:
                output.seek(begin)
                raise TunerError(output.read().strip().removeprefix("error: ") or f"{name} stopped as it started")
        time.sleep(POLL_S / 5)
    err.print(f"{name} runs in the background (process {process.pid}):")
    err.print(f"    tuner status {name} --watch     tuner logs {name} --follow     tuner stop {name}")
    return 0


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
    with lock.control_gate(home / name):
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
        _signal(driver, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while _runs(driver, folder):
        if time.monotonic() > deadline:
            _signal(driver, signal.SIGKILL)
            return
        time.sleep(POLL_S / 5)


def _runs(driver: Driver, folder: Path) -> bool:
    """Whether it is still this one that runs the sweep."""
    last = last_driver(folder)
    return last is not None and (last.pid, last.started) == (driver.pid, driver.started) and is_running(folder)


def _signal(driver: Driver, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        os.kill(driver.pid, number)
