"""Types and readers that several tests share."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from mlflow import MlflowClient
from mlflow.entities import Run
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from support.processes import Process, wait_until
from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord

BIN = Path(sys.executable).parent
Command = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., Process]
Typed = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True)
class Finished:
    """A sweep that has run to its end."""

    folder: Path
    """Where the command was typed."""
    result: dict[str, Any]
    """Its --json."""
    err: str

    @property
    def home(self) -> Path:
        return self.folder / "runs"

    @property
    def sweep(self) -> Path:
        return Path(self.result["folder"])

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.home / 'mlflow.db'}"


def make_config(**changes: Any) -> SweepConfig:
    """A configuration of a sweep of digits-cnn, with some values changed."""
    values: dict[str, Any] = {
        "name": "demo",
        "dataset": "digits",
        "model": "cnn",
        "trials": 12,
        "epochs": 9,
        "time_budget": None,
        "concurrency": 2,
        "cpus_per_trial": 1,
        "gpus_per_trial": 0.0,
        "seed": 0,
        "limit": None,
        "space": {"epochs": 9, "params": {"dropout": {"low": 0.0, "high": 0.9}}},
    }
    return SweepConfig(**{**values, **changes})


def make_record(number: int, state: str, metrics: dict[int, dict[str, float]], reason: str = "") -> TrialRecord:
    """A trial that began at 1000 s, with metrics by epoch."""
    return TrialRecord(
        number=number,
        state=state,
        parameters={"lr": 0.1, "optimizer": "sgd"},
        values={epoch: values["val_accuracy"] for epoch, values in metrics.items()},
        metrics=metrics,
        reason=reason,
        started=1000.0,
        finished=None if state == "RUNNING" else 1000.0 + len(metrics),
    )


def check_refused(result: tuple[int, str, str], words: list[str], home: Path) -> None:
    """One line on stderr that holds all the words, exit status 2, and nothing left behind."""
    code, out, err = result
    assert (code, out) == (2, ""), err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert all(word in err for word in words), err
    assert not list(home.glob("*"))


def read_study(sweep: Path) -> optuna.Study:
    """A sweep's study, read with Optuna alone, as optuna-dashboard would."""
    storage = JournalStorage(JournalFileBackend(str(sweep / "study.log")))
    return optuna.load_study(study_name="sweep", storage=storage)


def read_runs(uri: str, experiment: str) -> list[Run]:
    """All MLflow runs of an experiment."""
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id]))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def epochs_in(folder: Path, name: str = "x") -> int:
    """How many epochs the study of a sweep knows that was begun in this folder; the last may be written in part."""
    journal = folder / "runs" / name / "study.log"
    return journal.read_bytes().count(b'"epoch ') if journal.exists() else 0


def wait_for_epochs(folder: Path, count: int, process: Process, name: str = "x") -> None:
    """Until it knows so many, or the process has ended."""
    wait_until(lambda: epochs_in(folder, name) >= count, process, poll=0.02)
