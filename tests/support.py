"""Types and readers that several tests share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from mlflow import MlflowClient
from mlflow.entities import Run
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

Command = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


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
