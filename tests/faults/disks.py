"""Sweeps whose disk runs full again and again, gone on with each time there is a little more room, and counted."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from support.common import BIN
from support.small_disk import SmallDisk

from faults.inventory import Inventory, inventory, lost_between
from tuner.core.outcome import UNSENT
from tuner.core.records import TrialRecord
from tuner.search.study_reader import read_records

TRIALS, EPOCHS = 6, 9
SWEEP = ("sweep", "digits", "cnn", "--limit", "300", "--set", "width=0.25", "--set", "lr=0.001,0.01", "--name", "x")
SIZE = ("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--concurrency", "2", "--set", "optimizer=adam")
TRAIN = ("train", "digits", "cnn", "--limit", "300", "--set", "width=0.25", "--epochs", str(EPOCHS), "--name", "x")
ENOUGH = 64 << 20  # bytes


@dataclass
class Counts:
    """What was done to a sweep, and what became of it."""

    full: Counter[str] = field(default_factory=Counter)
    """How often the disk was full, by the file that it did not take."""
    found: Inventory = field(default_factory=Inventory)
    """What the sweep has at last."""


class Filling:
    """A sweep on a disk that is too small."""

    def __init__(self, disk: SmallDisk, environment: Mapping[str, str], seed: int) -> None:
        self._disk = disk
        self._size = disk.size()
        self._environment = environment
        self._rng = random.Random(seed)
        self.counts = Counts()

    def run(self, arguments: tuple[str, ...], trials: int, most: int) -> Counts:
        """Gives the disk some more room whenever the sweep ends for want of it, `most` times, and then enough."""
        done = self.tuner(*arguments)
        for _ in range(most):
            if done.returncode == 0:
                break
            self._note(done)
            self._size += self._rng.randint(150_000, 600_000)
            self._disk.resize(self._size)
            done = self._go_on(arguments)
        if done.returncode != 0:
            self._note(done)
            self._disk.resize(ENOUGH)
            done = self._go_on(arguments)
        self._check(done, trials)
        return self.counts

    def tuner(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `tuner ARGUMENTS` on the disk to its end."""
        command = self._disk.inside(str(BIN / "tuner"), *arguments)
        return subprocess.run(
            command, env=dict(self._environment), capture_output=True, text=True, timeout=600, check=False
        )

    def _go_on(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        folder, before = self._disk.view / "runs/x", self._records()
        done = self.tuner(*self._words(folder, arguments))
        self.counts.found += lost_between(before, self._records())
        return done

    def _words(self, folder: Path, arguments: tuple[str, ...]) -> tuple[str, ...]:
        if (folder / "result.json").exists():
            return "sync", "x"
        return ("resume", "x") if (folder / "sweep.json").exists() else arguments

    def _note(self, done: subprocess.CompletedProcess[str]) -> None:
        """The end of a command that had too little room: one line with the file, or what MLflow lacks."""
        *_, last = done.stderr.splitlines() or [""]
        told = last.startswith("error: the disk is full") or done.returncode == UNSENT
        if done.returncode not in (1, UNSENT) or not told or "Traceback" in done.stderr:
            self._lose(f"it ended with {done.returncode}: {done.stderr[-800:]}")
        file = last.partition("the disk is full: ")[2].partition(";")[0]
        self.counts.full[Path(file).name or "mlflow.db"] += 1

    def _records(self) -> list[TrialRecord]:
        return read_records(self._disk.view / "runs/x/study.log")

    def _check(self, done: subprocess.CompletedProcess[str], trials: int) -> None:
        """Exactly the trials asked for, all their epochs, one run for each in MLflow."""
        self.counts.found += self.inventory(trials)
        if done.returncode != 0:
            self._lose(f"at last it ended with {done.returncode}: {done.stderr[-800:]}")
        for record in self._records():
            if record.state not in ("COMPLETE", "PRUNED"):
                self._lose(f"trial {record.number} is {record.state} ({record.reason})")

    def inventory(self, trials: int) -> Inventory:
        """What the sweep has now."""
        home = self._disk.view / "runs"
        with TemporaryDirectory() as folder:  # sqlite follows no link into another namespace
            shutil.copy(home / "mlflow.db", folder)
            return inventory(home, "x", trials, uri=f"sqlite:///{folder}/mlflow.db")

    def _lose(self, what: str) -> None:
        self.counts.found.wrong.append(what)
