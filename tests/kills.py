"""Sweeps whose driver is killed with kill -9 at seeded moments, gone on with, and counted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from inventory import Inventory, inventory, lost_between
from support import Start

from tuner.records import TrialRecord, read_records
from tuner.schedule import rungs

TRIALS, EPOCHS = 10, 9
SWEEP = ("sweep", "digits", "cnn", "--limit", "300", "--set", "width=0.25")
SIZE = ("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--concurrency", "2")
MOMENTS = ("journal", "checkpoint", "mlflow", "test", "time")
POLL_S = 0.002


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


class Attack:
    """A folder in which sweeps are begun, killed and gone on with."""

    def __init__(self, start: Start, folder: Path, seed: int) -> None:
        self._start = start
        self._folder = folder
        self._rng = random.Random(seed)
        self._number = 0
        self._known: list[TrialRecord] = []
        """What the study knew after the last kill."""
        self.counts = Counts()

    @property
    def _name(self) -> str:
        return f"s{self._number}"

    @property
    def _sweep(self) -> Path:
        return self._folder / "runs" / self._name

    def run(self, kills: int) -> Counts:
        """Kills a driver so many times; each sweep that comes to its end is checked, and another one begun."""
        while self.counts.kills.total() < kills:
            self._number += 1
            self._known = []
            process = self._start(*SWEEP, *SIZE, "--name", self._name, folder=self._folder)
            while self._kill(process) and self.counts.kills.total() < kills:
                process = self._resume()
            if process.poll() is None or process.returncode == -signal.SIGKILL:
                process = self._resume()
            err = process.communicate(timeout=600)[1]
            self._check(process.returncode, err)
        return self.counts

    def _kill(self, process: subprocess.Popen[str]) -> bool:
        """At a moment that is drawn; False when the sweep came to its end before."""
        moment = self._rng.choice(MOMENTS)
        arrived = {
            "journal": self._after_lines(self._rng.randint(1, 60)),
            "checkpoint": self._at_file("trials/*/*next.pt*", self._rng.randint(1, 4)),
            "mlflow": self._at_file("../mlflow.db-journal", self._rng.randint(1, 20)),
            "test": self._at_the_end(self._rng.uniform(0, 3)),
            "time": self._after(self._rng.uniform(1, 20)),
        }[moment]
        before = self._records()
        while process.poll() is None:
            if arrived():
                os.kill(process.pid, signal.SIGKILL)
                process.communicate()
                self.counts.kills[moment] += 1
                self._known = self._records()
                self._compare(before, self._known)
                return True
            time.sleep(POLL_S)
        return False

    def _resume(self) -> subprocess.Popen[str]:
        if not (self._sweep / "sweep.json").exists():  # it was killed before there was anything to go on with
            return self._start(*SWEEP, *SIZE, "--name", self._name, folder=self._folder)
        before, began = self._lines(), time.monotonic()
        process = self._start("resume", self._name, folder=self._folder)
        while process.poll() is None and self._lines() == before:
            time.sleep(POLL_S)
        if process.poll() is None:
            self.counts.seconds.append(time.monotonic() - began)
        return process

    def _records(self) -> list[TrialRecord]:
        return read_records(self._sweep / "study.log")

    def _lines(self) -> int:
        """How many epochs the journal knows."""
        journal = self._sweep / "study.log"
        return journal.read_bytes().count(b'"epoch ') if journal.exists() else 0

    def _after_lines(self, count: int) -> Callable[[], bool]:
        journal = self._sweep / "study.log"

        def size() -> int:
            return journal.read_bytes().count(b"\n") if journal.exists() else 0

        begun = size()
        return lambda: size() >= begun + count

    def _at_file(self, pattern: str, times: int) -> Callable[[], bool]:
        """When such a file is there for the so-manieth time."""
        seen = {"there": False, "times": 0}

        def arrived() -> bool:
            there = any(self._sweep.glob(pattern)) if self._sweep.exists() else False
            seen["times"] += there and not seen["there"]
            seen["there"] = there
            return seen["times"] >= times

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

    def _after(self, seconds: float) -> Callable[[], bool]:
        due = time.monotonic() + seconds
        return lambda: time.monotonic() >= due

    def _lose(self, what: str) -> None:
        self.counts.found.wrong.append(f"{self._name}: {what}")

    def _compare(self, before: list[TrialRecord], after: list[TrialRecord]) -> None:
        """What the study knew is still there, the rungs among it, and trials that had ended have not gone on."""
        for rung in rungs(EPOCHS):
            if not _standings(before, rung).items() <= _standings(after, rung).items():
                self._lose(f"rung {rung} was {_standings(before, rung)} and is {_standings(after, rung)}")
        for what in lost_between(before, after):
            self._lose(what)

    def _check(self, code: int, err: str) -> None:
        """The sweep that has come to its end."""
        counts, records = self.counts, self._records()
        counts.sweeps += 1
        self._compare(self._known, records)
        found = inventory(self._folder / "runs", self._name, TRIALS)
        found.wrong = [f"{self._name}: {what}" for what in found.wrong]
        counts.found += found
        done = (self._sweep / "report/report.html").exists() and err.count("\n") == 1 and "is finished: " in err
        if code != 0 and not (code == 2 and done):  # it was killed when all was done
            self._lose(f"the last resume ended with {code}: {err[-500:]}")
        for record in records:
            if record.state not in ("COMPLETE", "PRUNED"):
                self._lose(f"trial {record.number} is {record.state}: {record.reason}")
            if record.state == "PRUNED" and record.epoch not in rungs(EPOCHS):
                self._lose(f"trial {record.number} was pruned in epoch {record.epoch}, between the rungs")


def _standings(records: list[TrialRecord], rung: int) -> dict[int, float]:
    """What ASHA compares at a rung: the best score until then, by the trials that have come so far."""
    came = [record for record in records if record.epoch >= rung]
    return {r.number: max(value for epoch, value in r.values.items() if epoch <= rung) for r in came}
