"""Many sweeps that are begun at once by a user who has never run one, counted."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mlflow import MlflowClient
from support import Start, read_runs

from tuner.records import read_records

SWEEP = ("sweep", "digits", "cnn", "--limit", "100", "--set", "width=0.25", "--json")
SMALL = ("--trials", "2", "--max-epochs", "1", "--concurrency", "1", "--cpus-per-trial", "1")
PATIENCE_S = 1800.0


@dataclass
class Counts:
    """What came of them."""

    finished: int = 0
    refused: list[str] = field(default_factory=list)
    """What those said that ended with the exit status of a user's mistake."""
    trials: int = 0
    """In the studies."""
    runs: int = 0
    """Of trials, in MLflow."""
    wrong: list[str] = field(default_factory=list)
    """A line each."""


def begin_at_once(start: Start, folder: Path, sweeps: int, *options: str) -> Counts:
    """Begins so many sweeps in an empty folder at the same time, for a user with an empty home folder."""
    home = tempfile.mkdtemp(prefix="tt")
    counts = Counts()
    processes = [
        start(*SWEEP, *SMALL, *options, "--seed", str(number), folder=folder, HOME=home) for number in range(sweeps)
    ]
    try:
        for process in processes:
            out, err = process.communicate(timeout=PATIENCE_S)
            if process.returncode == 0 and json.loads(out)["finished"]:
                counts.finished += 1
            elif process.returncode == 2:
                counts.refused.append(err)
            else:
                counts.wrong.append(f"ended with {process.returncode}: {err[-2000:]}")
    finally:
        for process in processes:
            process.kill()
            process.communicate()
        shutil.rmtree(home, ignore_errors=True)
    if (folder / "runs/mlflow.db").exists():
        _check_runs(folder / "runs", counts)
    return counts


def _check_runs(home: Path, counts: Counts) -> None:
    """Every trial of every sweep is in MLflow once, with its epoch once, and has ended there."""
    uri = f"sqlite:///{home}/mlflow.db"
    client, runs = MlflowClient(uri), read_runs(uri, "digits-cnn")
    found = Counter((run.data.tags["tuner.uid"], run.data.tags.get("tuner.trial", "parent")) for run in runs)
    for folder in home.glob("*/sweep.json"):
        uid, records = json.loads(folder.read_text())["uid"], read_records(folder.with_name("study.log"))
        counts.trials += len(records)
        for name in ("parent", *(str(record.number) for record in records)):
            if found.pop((uid, name), 0) != 1:
                counts.wrong.append(f"{folder.parent.name} has not one run of {name}")
    counts.wrong += [f"a run of nothing: {key}" for key in found]
    for run in runs:
        if run.info.status == "RUNNING":
            counts.wrong.append(f"{run.info.run_name} is left RUNNING")
        if "tuner.trial" in run.data.tags:
            counts.runs += 1
            steps = [point.step for point in client.get_metric_history(run.info.run_id, "val_accuracy")]
            if steps != [1]:
                counts.wrong.append(f"{run.info.run_name} has the epochs {steps}")
