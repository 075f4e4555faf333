"""What the commands `status`, `logs`, `stop` and `pause` do, and running a sweep in the background."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from tuner import orders
from tuner.config import known_sweep
from tuner.driver import Driver, is_running, last_driver
from tuner.errors import TunerError, shown
from tuner.events import Event, events
from tuner.files import tuner_home
from tuner.orders import Order
from tuner.progress import View
from tuner.status import ERROR_FILE, Watch, statuses
from tuner.summary import print_status, print_statuses

OUTPUT = "output.txt"  # what a sweep in the background prints
POLL_S = 0.5
PATIENCE_S = 20.0  # how long a process that was told to end at once may take to save itself
START_S = 120.0  # how long the start of Python may take on a busy machine


def status(name: str | None, *, watch: bool, as_json: bool, out: Console, err: Console) -> int:
    """Prints where all sweeps stand, or one of them; with `watch` until it does not run any more."""
    home = tuner_home()
    if name is None:
        if watch:
            raise TunerError("--watch needs the NAME of a sweep")
        found, damaged = statuses(home)
        if as_json:
            out.print_json(json.dumps([each.to_json() for each in found]))
        else:
            print_statuses(found, home, out)
        for reason in damaged:
            err.print(f"left out: {shown(reason)}", markup=False, soft_wrap=True)
        return 1 if damaged else 0
    sweep = Watch(name, home)
    if watch and as_json:
        return _watch_json(sweep, out)
    if watch:
        _watch(sweep, err)
    now = sweep.status()
    if as_json:
        out.print_json(json.dumps(now.to_json()))
    else:
        print_status(now, sweep.folder, out)
    return 1 if now.state in ("failed", "crashed") else 0


def logs(name: str, *, trial: int | None, follow: bool, out: Console) -> int:
    """Prints what has happened, and with `follow` what happens until the sweep does not run any more."""
    sweep = Watch(name, tuner_home())
    for event in _events(sweep, trial, follow=follow):
        out.print(event.line(), markup=False)
    if trial is not None:
        details = sweep.folder / "trials" / f"{trial:04d}-error.txt"
        if details.exists():
            out.print(details.read_text(encoding="utf-8", errors="replace").rstrip(), markup=False)
    elif (sweep.folder / ERROR_FILE).exists():
        out.print((sweep.folder / ERROR_FILE).read_text(encoding="utf-8", errors="replace").rstrip(), markup=False)
    return 0


def stop(name: str, *, now: bool, err: Console) -> int:
    """Asks the process that runs a sweep to end it with the best so far; or to end at once, without a model."""
    if now:
        _end_at_once(name)
        err.print(f"{name} was stopped at once, every trial as it was last saved; to go on: tuner resume {name}")
        return 0
    _order(name, Order.STOP)
    err.print(f"{name} ends with the epochs that are running, and its best trial is tested and registered")
    err.print(f"to see it: tuner status {name} --watch")
    return 0


def pause(name: str, *, err: Console) -> int:
    """Asks the process that runs a sweep to save all trials and end."""
    _order(name, Order.PAUSE)
    err.print(f"{name} saves its trials and ends; to go on: tuner resume {name}")
    return 0


def detach(name: str, *, err: Console) -> int:
    """Goes on with a sweep in a process of its own, which outlives this terminal."""
    folder = tuner_home() / name
    (folder / ERROR_FILE).unlink(missing_ok=True)
    with (folder / OUTPUT).open("a", encoding="utf-8") as output:
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
            with (folder / OUTPUT).open(encoding="utf-8") as output:
                output.seek(begin)
                raise TunerError(output.read().strip().removeprefix("error: ") or f"{name} ended as it began")
        time.sleep(POLL_S / 5)
    err.print(f"{name} runs in the background (process {process.pid}):")
    err.print(f"    tuner status {name} --watch     tuner logs {name} --follow     tuner stop {name}")
    return 0


def _begun(folder: Path, pid: int) -> bool:
    driver = last_driver(folder)
    return driver is not None and driver.pid == pid


def _watch(sweep: Watch, err: Console) -> None:
    now = sweep.status()
    with View(sweep.config, lambda: now.summary, err) as view:
        while now.running:
            view.tick()
            time.sleep(POLL_S)
            now = sweep.status()


def _watch_json(sweep: Watch, out: Console) -> int:
    """A line for each moment, so that another process can show it."""
    while True:
        now = sweep.status()
        out.print(json.dumps(now.to_json()), markup=False, highlight=False, soft_wrap=True)
        if not now.running:
            return 0 if now.state in ("finished", "paused") else 1
        time.sleep(POLL_S)


def _events(sweep: Watch, trial: int | None, *, follow: bool) -> Iterator[Event]:
    shown: set[tuple[int, int]] = set()
    while True:
        running = is_running(sweep.folder)  # asked first, so that its last words are not missed
        records = sweep.records()
        if trial is not None and trial >= len(records) and not (follow and running):
            raise TunerError(f"--trial {trial}: {sweep.config.name} has {len(records)} trials so far, from 0 on")
        for event in events(records if trial is None else records[trial : trial + 1]):
            if (event.trial, event.order) not in shown:
                shown.add((event.trial, event.order))
                yield event
        if not (follow and running):
            return
        time.sleep(POLL_S)


def _order(name: str, order: Order) -> None:
    with _running(name) as folder:
        orders.give(folder, order)


@contextmanager
def _running(name: str) -> Iterator[Path]:
    """The folder of a sweep that runs. Nobody begins to run it meanwhile; raises TunerError when nobody does."""
    home = tuner_home()
    known_sweep(name, home)
    with orders.gate(home / name):
        if not is_running(home / name):
            raise TunerError(f"the sweep {name} does not run: tuner status {name} says how it stands")
        yield home / name


def _end_at_once(name: str) -> None:
    """Ends the process that runs the sweep now. One that goes on with it afterwards is another one, and is let be."""
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
