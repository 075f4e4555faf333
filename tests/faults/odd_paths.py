"""All commands on data, homes and search spaces whose paths no shell would like, counted."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

from support.common import Command
from support.dataset_files import noise

ODD = """it's a "b" [c]\nd  e"""
COLUMNS = ("a b", "it's", 'say "hi"', "[cl]ass, of 'c'")
CLASSES = ('no, "never"', "yes [b]")
SPACE = "epochs = 2\n[params]\nlr = { low = 1e-3, high = 1e-2, log = true }\n"


@dataclass
class Counts:
    """What was typed, and what went wrong."""

    commands: int = 0
    wrong: list[str] = field(default_factory=list)
    """A line each."""


class Odd:
    """A folder with an odd name, in which commands are typed."""

    def __init__(self, tuner: Command, folder: Path) -> None:
        self._tuner = tuner
        self._folder = folder / f"f {ODD}"
        self._folder.mkdir()
        self.counts = Counts()
        self.table, self.space, self.photos = (self._folder / f"{what} {ODD}" for what in ("t", "s", "p"))
        self._write()

    def run(self) -> Counts:
        """Types them all."""
        target = ("--target", COLUMNS[-1])
        small = ("--trials", "2", "--concurrency", "1", "--cpus-per-trial", "1", "--name", "x")
        data = f"csv:{self.table.name}"
        self._type("sweep", data, "lstm", *target, "--space", self.space.name, *small, ends="\n    tuner predict ")
        self._type("status", "x", ends="finished")
        self._type("report", "x", ends="report.html")
        self._type("predict", "x", self.table.name, ends=CLASSES[0])
        self._type("sync", "x", ends="x: everything is already in MLflow")
        self._type("train", data, "lstm", *target, "--from-trial", "x/1", "--name", "y", ends="\n    tuner predict ")
        self._type("compare", "--json", ends="lstm")
        photos = f"folder:{self.photos.name}"
        self._type("train", photos, "lenet", "--epochs", "1", "--cpus", "1", "--name", "z", ends="\n    tuner predict ")
        self._type("predict", "z", str(next(self.photos.rglob("*.png"))), "--json", ends=json.dumps(CLASSES[0]))
        return self.counts

    def _type(self, *words: str, ends: str) -> None:
        done = self._tuner(*words, folder=self._folder, TUNER_HOME=str(self._folder / f"h {ODD}"))
        self.counts.commands += 1
        if done.returncode != 0 or ends not in done.stdout or "Traceback" in done.stderr or "warning" in done.stderr:
            self.counts.wrong.append(
                f"{words[0]} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
            )

    def _write(self) -> None:
        with self.table.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            for n in range(90):
                rows.writerow((60 - n, n % 7, "it's" if n % 5 else 'x, "y"', CLASSES[n % 3 > 0]))
        self.space.write_text(SPACE, encoding="utf-8")
        for n in range(60):
            noise(self.photos / CLASSES[n % 2] / f"{n} {ODD}.png", n, (28, 28))
