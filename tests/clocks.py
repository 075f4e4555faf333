"""A sweep on a machine whose clock is set back and forth while it runs, counted. It takes libfaketime."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import Start, read_runs

from tuner.records import TrialRecord, read_records

JUMPS = ("-1d", "+2d", "-30d", "+0d")
TRIALS, EPOCHS = 4, 36
SWEEP = ("sweep", "digits", "cnn", "--limit", "600", "--set", "width=0.25", "--name", "x", "--json")
SIZE = ("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--concurrency", "1", "--cpus-per-trial", "1")
LIMITS = ("--time-budget", "1h", "--trial-timeout", "30m")
PATIENCE_S = 1200.0
BETWEEN_S = 2.0  # the library looks for a new time once a second


@dataclass
class Counts:
    """What was done, and what is not as it must be."""

    jumps: int = 0
    trials: int = 0
    epochs: int = 0
    wrong: list[str] = field(default_factory=list)
    """A line each."""


def library() -> Path | None:
    """The one to preload, where it is installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def set_the_clock(start: Start, folder: Path, faketime: Path) -> Counts:
    """Runs a sweep, and sets its clock each time that some more epochs are reported."""
    offset, counts = folder / "offset", Counts()
    offset.write_text("+0d\n")
    environment = {
        "LD_PRELOAD": str(faketime),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    began = time.monotonic()
    process = start(*SWEEP, *SIZE, *LIMITS, folder=folder, **environment)
    try:
        for jump in JUMPS:
            _wait(folder, process, 2 + 3 * counts.jumps)
            if process.poll() is None:
                offset.write_text(f"{jump}\n")
                counts.jumps += 1
                time.sleep(BETWEEN_S)
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    if process.returncode != 0:
        counts.wrong.append(f"it ended with {process.returncode}: {err[-2000:]}")
        return counts
    _check(folder, json.loads(out), time.monotonic() - began, counts)
    return counts


def _wait(folder: Path, process: subprocess.Popen[str], epochs: int) -> None:
    journal = folder / "runs/x/study.log"
    while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b'"epoch ') < epochs):
        time.sleep(0.05)


def _check(folder: Path, result: dict[str, Any], seconds: float, counts: Counts) -> None:
    if not 0 < result["seconds"] < seconds:
        counts.wrong.append(f"it says that it took {result['seconds']} s of {seconds} s")
    records = read_records(folder / "runs/x/study.log")
    counts.trials, counts.epochs = len(records), sum(record.epoch for record in records)
    for record in records:
        _check_trial(record, counts)
    runs = read_runs(f"sqlite:///{folder}/runs/mlflow.db", "digits-cnn")
    if len(runs) != len(records) + 1:
        counts.wrong.append(f"{len(records)} trials have {len(runs)} runs")
    for run in runs:
        info = run.info
        if info.status == "RUNNING" or info.end_time < info.start_time:
            counts.wrong.append(f"{info.run_name} is {info.status} from {info.start_time} to {info.end_time}")


def _check_trial(record: TrialRecord, counts: Counts) -> None:
    if record.state != "COMPLETE" and not (record.state == "PRUNED" and "rung" in record.reason):
        counts.wrong.append(f"trial {record.number} is {record.state}: {record.reason}")
    if sorted(record.values) != list(range(1, record.epoch + 1)):
        counts.wrong.append(f"trial {record.number} has the epochs {sorted(record.values)}")
    epochs = [record.metrics[epoch]["time"] for epoch in sorted(record.metrics)]
    times = [record.started, *epochs, record.finished or 0.0]
    if times != sorted(times):
        counts.wrong.append(f"trial {record.number} goes back in time: {times}")
    if any(not 0 < metrics["epoch_seconds"] < PATIENCE_S for metrics in record.metrics.values()):
        counts.wrong.append(f"trial {record.number} has epochs of an impossible length")
