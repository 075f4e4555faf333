"""Sweeps whose driver is killed with kill -9 at seeded moments, gone on with, and counted."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from support.common import epochs_in
from support.process_groups import end_all, group, processes, program
from support.processes import Process, end, wait_until

from faults.inventory import Inventory, inventory, lost_between
from tuner.core.rank import Rank
from tuner.core.records import TrialRecord
from tuner.search.schedulers.asha import rungs
from tuner.search.study_reader import read_records
from tuner.training.checkpoint import CHECKPOINT_FILE, latest_epoch

TRIALS, EPOCHS = 10, 9
SWEEP = ("sweep", "digits", "cnn", "--limit", "300", "--set", "width=0.25")
SIZE = ("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--concurrency", "2")
MOMENTS = {
    "start": "as it begins, or goes on",
    "ask": "between a trial's creation and its last parameter",
    "report": "between an epoch's metrics and its score",
    "checkpoint": "while a worker writes one, and that worker too",
    "mlflow": "within a transaction of MLflow's database",
    "test": "while the best model is tested, registered and reported on",
    "time": "at any time",
}
POLL_S = 0.0005
WAIT_S = 600.0


@dataclass
class Counts:
    """What was done to sweeps, and what became of them."""

    kills: Counter[str] = field(default_factory=Counter)
    """By the moment."""
    sweeps: int = 0
    found: Inventory = field(default_factory=Inventory)
    """Of all sweeps together."""
    seconds: list[float] = field(default_factory=list)
    """From each `tuner resume` to its first new epoch."""
    again: int = 0
    """Epochs that the study knew and no checkpoint had, so that they were trained again."""


class Attack:
    """A folder in which sweeps are begun, killed and gone on with."""

    def __init__(self, environment: Mapping[str, str], folder: Path, seed: int) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._rng = random.Random(seed)
        self._number = 0
        self._known: list[TrialRecord] = []
        """What the study knew after the last kill."""
        self._saved: dict[Path, int] = {}
        """Checkpoints that there were then, and their epochs."""
        self._stamps: dict[Path, int] = {}
        self.counts = Counts()

    @property
    def _name(self) -> str:
        return f"s{self._number}"

    @property
    def _sweep(self) -> Path:
        return self._folder / "runs" / self._name

    def run(self, times: int) -> Counts:
        """Kills a driver so many times at each of MOMENTS, in any order. Each sweep comes to its end and is checked."""
        due = [*MOMENTS] * times
        self._rng.shuffle(due)
        try:
            while due:
                self._one_sweep(due)
        finally:
            end_all(self._folder)
        return self.counts

    def _one_sweep(self, due: list[str]) -> None:
        self._number += 1
        self._known, self._saved = [], {}
        process = self._begin()
        while due and self._kill(process, due[0]):
            del due[0]
            process = self._go_on(waits=due[:1] != ["start"])
        err = process.communicate(timeout=WAIT_S)[1]
        self._check(process.returncode, err)

    def _tuner(self, *words: str) -> Process:
        return group(self._environment, self._folder, *words)

    def _begin(self) -> Process:
        return self._tuner(*SWEEP, *SIZE, "--name", self._name)

    def _go_on(self, *, waits: bool) -> Process:
        """Until its first new epoch if it `waits`."""
        if not (self._sweep / "sweep.json").exists():  # it was killed before there was anything to go on with
            return self._begin()
        before, began = self._lines(), time.monotonic()
        process = self._tuner("resume", self._name)

        def has_trained() -> bool:
            if self._lines() == before:
                self._check_checkpoints()
            return self._lines() != before

        if waits and _comes(has_trained, process):
            self.counts.seconds.append(time.monotonic() - began)
        return process

    def _kill(self, process: Process, moment: str) -> bool:
        """False when the sweep came to its end before."""
        if not _comes(self._arrival(moment, process), process):
            return False
        end(process, signal.SIGKILL)
        self.counts.kills[moment] += 1
        self._compare_with_now()
        self._note_checkpoints()
        return True

    def _arrival(self, moment: str, process: Process) -> Callable[[], bool]:
        """What says that the moment has come."""
        if moment == "ask":
            return self._in_study(process, lambda record: not record.parameters)
        if moment == "report":
            return self._in_study(process, lambda record: record.metrics.keys() > record.values.keys())
        if moment == "checkpoint":
            return self._with_workers(self._at_file("trials/*/*next.pt*", self._rng.randint(1, 4)))
        if moment == "mlflow":
            return self._at_file("../mlflow.db-journal", self._rng.randint(1, 20))
        if moment == "test":
            return self._at_the_end(self._rng.uniform(0, 3))
        return _after(self._rng.uniform(0.5, 15) if moment == "start" else self._rng.uniform(1, 20))

    def _in_study(self, process: Process, unfinished: Callable[[TrialRecord], bool]) -> Callable[[], bool]:
        """When the driver is in the middle of writing something, for the so-manieth time; it is stopped there."""
        journal, times, size = self._sweep / "study.log", self._rng.randint(1, 8), 0

        def arrived() -> bool:
            nonlocal times, size
            if not journal.exists() or journal.stat().st_size == size:
                return False
            os.kill(process.pid, signal.SIGSTOP)
            while _state(process.pid) not in "TZ":
                time.sleep(POLL_S)
            size = journal.stat().st_size
            times -= any(map(unfinished, self._records()))
            if times > 0:
                os.kill(process.pid, signal.SIGCONT)
            return times <= 0

        return arrived

    def _with_workers(self, arrived: Callable[[], bool]) -> Callable[[], bool]:
        """Kills the workers first."""
        workers, looked = list[int](), 0.0

        def now() -> bool:
            nonlocal workers, looked
            if time.monotonic() - looked > 1:
                workers = [pid for pid in processes(self._folder) if program(pid).startswith("ray::_Inner")]
                workers += [pid for pid in processes(self._folder) if program(pid).startswith("ray::TrialWorker")]
                looked = time.monotonic()
            if not arrived():
                return False
            for pid in workers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return True

        return now

    def _at_file(self, pattern: str, times: int) -> Callable[[], bool]:
        """When such a file is there for the so-manieth time."""
        before, left = False, times

        def arrived() -> bool:
            nonlocal before, left
            there = any(self._sweep.glob(pattern)) if self._sweep.exists() else False
            left -= there and not before
            before = there
            return left <= 0

        return arrived

    def _at_the_end(self, later: float) -> Callable[[], bool]:
        """While the best trial is tested and registered."""
        due: list[float] = []

        def arrived() -> bool:
            records = self._records() if not due else []
            if not due and len(records) == TRIALS and all(record.ended for record in records):
                due.append(time.monotonic() + later)
            return bool(due) and time.monotonic() >= due[0]

        return arrived

    def _records(self) -> list[TrialRecord]:
        return read_records(self._sweep / "study.log")

    def _lines(self) -> int:
        return epochs_in(self._folder, self._name)

    def _lose(self, what: str) -> None:
        self.counts.found.wrong.append(f"{self._name}: {what}")

    def _compare_with_now(self) -> None:
        """What the study knew is still there, the rungs among it, and trials that had ended have not gone on."""
        before, self._known = self._known, self._records()
        for rung in rungs(EPOCHS):
            if not _standings(before, rung).items() <= _standings(self._known, rung).items():
                self._lose(f"rung {rung} was {_standings(before, rung)} and is {_standings(self._known, rung)}")
        self.counts.found += lost_between(before, self._known).of(self._name)

    def _note_checkpoints(self) -> None:
        """A trial that goes on has a checkpoint that is no older than its last rung."""
        self._saved = {}
        for record in self._known:
            if record.ended:
                continue
            folder = self._sweep / "trials" / f"{record.number:04d}"
            saved = latest_epoch(folder)
            if saved < max((rung for rung in rungs(EPOCHS) if rung <= record.epoch), default=0):
                self._lose(f"trial {record.number} knows epoch {record.epoch}, and its checkpoint is of epoch {saved}")
            self.counts.again += max(0, record.epoch - saved)
            self._saved[folder] = saved
        self._stamps = {folder: _stamp(folder) for folder in self._saved}

    def _check_checkpoints(self) -> None:
        """Trials go on from their checkpoints: one that began anew would write those of earlier epochs."""
        for folder, saved in self._saved.items():
            stamp = _stamp(folder)
            if stamp not in (0, self._stamps[folder]):
                self._stamps[folder] = stamp
                if 0 < latest_epoch(folder) < saved:
                    self._lose(f"trial {folder.name} was saved in epoch {saved}, and then in {latest_epoch(folder)}")

    def _check(self, code: int, err: str) -> None:
        """The sweep that has come to its end."""
        self.counts.sweeps += 1
        self._compare_with_now()
        self.counts.found += inventory(self._folder / "runs", self._name, TRIALS).of(self._name)
        done = (self._sweep / "report/report.html").exists() and err.count("\n") == 1 and "is finished: " in err
        if code != 0 and not (code == 2 and done):  # it was killed when all was done
            self._lose(f"the last resume ended with {code}: {err[-500:]}")
        for record in self._known:
            if record.state not in ("COMPLETE", "PRUNED"):
                self._lose(f"trial {record.number} is {record.state}: {record.reason}")
            if record.state == "PRUNED" and record.epoch not in rungs(EPOCHS):
                self._lose(f"trial {record.number} was pruned in epoch {record.epoch}, between the rungs")
            if record.state == "COMPLETE" and record.epoch != EPOCHS:
                self._lose(f"trial {record.number} was complete in epoch {record.epoch}")


def _comes(moment: Callable[[], bool], process: Process) -> bool:
    """Waits for it; False when the process ends before."""
    came = wait_until(moment, process, timeout=WAIT_S, poll=POLL_S)
    assert came or process.poll() is not None
    return bool(came)


def _after(seconds: float) -> Callable[[], bool]:
    due = time.monotonic() + seconds
    return lambda: time.monotonic() >= due


def _stamp(folder: Path) -> int:
    """When the checkpoint was written; 0 when there is none."""
    try:
        return (folder / CHECKPOINT_FILE).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _state(pid: int) -> str:
    """A letter: T for a process that is stopped, Z for one that has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def _standings(records: list[TrialRecord], rung: int) -> dict[int, Rank]:
    """What ASHA compares at a rung: the best until then, by the trials that have come so far."""
    came = [record for record in records if record.epoch >= rung]
    return {r.number: r.rank(r.best_epoch_until(rung)) for r in came}
