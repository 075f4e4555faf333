"""Sweeps that are run once more, and trials that are repeated alone: what is not the same to the last digit is told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.common import Command, Start

from tuner.core.records import TrialRecord
from tuner.search.study_reader import read_records

PAIR = ("digits", "cnn")
SWEEP = ("sweep", *PAIR, "--limit", "300", "--set", "width=0.25", "--max-epochs", "9", "--name", "x", "--json")
FILES = ("model/weights.safetensors", "model/model.json", "predictions.safetensors")
OF_THE_CLOCK = ("time", "epoch_seconds")


@dataclass
class Counts:
    """What was compared, and what was not the same."""

    trials: int = 0
    epochs: int = 0
    states: set[str] = field(default_factory=set)
    other: list[str] = field(default_factory=list)
    """A line each."""

    def compare(self, what: str, first: object, second: object) -> None:
        if first != second:
            self.other.append(f"{what}: {first} is not {second}")

    def compare_epochs(self, first: TrialRecord, second: TrialRecord) -> None:
        """Of the second record, which may have trained longer."""
        self.trials += 1
        self.epochs += first.epoch
        self.states.add(first.state)
        what = f"trial {first.number}"
        self.compare(f"{what}, parameters", first.parameters, second.parameters)
        self.compare(f"{what}, seed", first.seed, second.seed)
        for epoch in first.metrics:
            self.compare(f"{what}, epoch {epoch}", numbers(first, epoch), numbers(second, epoch))


def numbers(record: TrialRecord, epoch: int) -> dict[str, float]:
    """What an epoch gave, but for what the clock says of it."""
    return {name: value for name, value in record.metrics.get(epoch, {}).items() if name not in OF_THE_CLOCK}


def sweep_twice(start: Start, folder: Path, trials: int, **second: str) -> Counts:
    """The same sweep of one worker in two fresh homes, at the same time; the `second` with another environment."""
    places = [folder / "first", folder / "second"]
    processes = []
    for place, extra in zip(places, ({}, second), strict=True):
        place.mkdir()
        options = ("--trials", str(trials), "--concurrency", "1", "--cpus-per-trial", "1")
        processes.append(start(*SWEEP, *options, folder=place, **extra))
    results = []
    for process in processes:
        out, err = process.communicate(timeout=1200)
        assert process.returncode == 0, err
        results.append(json.loads(out))
    sweeps = [place / "runs/x" for place in places]
    return _compare_sweeps(sweeps, results)


def _compare_sweeps(sweeps: list[Path], results: list[dict[str, Any]]) -> Counts:
    counts = Counts()
    records = [read_records(sweep / "study.log") for sweep in sweeps]
    counts.compare("the trials", *(len(each) for each in records))
    for first, second in zip(*records, strict=False):
        counts.compare(f"trial {first.number}, state", *((each.state, each.reason) for each in (first, second)))
        counts.compare(f"trial {first.number}, epochs", *(sorted(each.metrics) for each in (first, second)))
        counts.compare_epochs(first, second)
    for name in ("best", "test", "test_data"):
        counts.compare(name, *(result[name] for result in results))
    for file in FILES:
        counts.compare(file, *(hashlib.sha256((sweep / file).read_bytes()).hexdigest() for sweep in sweeps))
    return counts


def repeat_trials(tuner: Command, folder: Path, trials: int, repeats: int) -> tuple[Counts, str]:
    """A sweep of two workers, of which some trials are repeated alone: the best, and those with the most epochs.

    Returns what was compared, and all that the repetitions have warned of.
    """
    swept = tuner(*SWEEP, "--trials", str(trials), "--concurrency", "2", "--cpus-per-trial", "1", folder=folder)
    assert swept.returncode == 0, swept.stderr
    counts, warnings = Counts(), ""
    records = sorted(read_records(folder / "runs/x/study.log"), key=lambda record: (record.state, -record.epoch))
    chosen = [record for record in records if record.state == "COMPLETE"][: repeats // 2]
    chosen += [record for record in records if record.state == "PRUNED"][: repeats - len(chosen)]
    for record in chosen:
        again = f"again{record.number}"
        done = tuner("train", *PAIR, "--from-trial", f"x/{record.number}", "--name", again, folder=folder)
        assert done.returncode == 0, done.stderr
        warnings += "".join(line for line in done.stderr.splitlines(keepends=True) if line.startswith("warning"))
        [repeated] = read_records(folder / f"runs/{again}/study.log")
        counts.compare_epochs(record, repeated)
    return counts, warnings
