"""Real trainings of a small table in this process, some seconds each, and what their registry has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from support.made_up_search import Recorder
from tuner.core.outcome import Outcome, Winner
from tuner.core.sweep_request import SweepRequest
from tuner.sweeps import api

GOOD = ("lr=0.02", "optimizer=adam", "hidden_size=8")
PAIR = "csv_t_y-lstm"


def write_table(path: Path, easy: int, more: int = 0, classes: tuple[str, str] = ("no", "yes")) -> None:
    """A table t.csv in `path`, of three numbers and a class y.

    The class of the first `easy` rows depends on the first number, that of `more` rows on the sum of the first two: who
    has learnt from the first ones alone is right for three of four of the others.
    """
    rng = np.random.default_rng(0)
    values = rng.normal(size=(easy + more, 3))
    decides = values[:, 0] + np.where(np.arange(len(values)) < easy, 0, values[:, 1])
    lines = [
        f"{a:.3f},{b:.3f},{c:.3f},{classes[int(sign > 0)]}" for (a, b, c), sign in zip(values, decides, strict=True)
    ]
    path.mkdir(parents=True, exist_ok=True)
    (path / "t.csv").write_text("\n".join(["a,b,c,y", *lines, ""]))


def write_noise(path: Path, rows: int) -> None:
    """The same table with classes drawn at random."""
    rng = np.random.default_rng(1)
    lines = [f"{rng.normal():.3f},{rng.normal():.3f},{rng.normal():.3f},{'ny'[rng.integers(2)]}" for _ in range(rows)]
    path.mkdir(parents=True, exist_ok=True)
    (path / "t.csv").write_text("\n".join(["a,b,c,y", *lines, ""]))


def train(
    dataset: str = "csv:t.csv", *, epochs: int = 10, overrides: tuple[str, ...] = GOOD, **more: Any
) -> tuple[Outcome, list[str]]:
    """Trains once. Returns the outcome and all notes."""
    told = Recorder()
    request = SweepRequest(
        dataset=dataset, model="lstm", target="y", max_epochs=epochs, overrides=overrides, cpus_per_trial=1, **more
    )
    return api.train(request, callbacks=[told]), [str(note) for note in told.notes]


def winner(outcome: Outcome) -> Winner:
    """The winner, whose model is registered."""
    assert outcome.unsent == ""
    assert outcome.winner
    assert outcome.winner.model
    return outcome.winner


def client(home: Path) -> MlflowClient:
    """A client of the store in `home`."""
    uri = f"sqlite:///{home / 'mlflow.db'}"
    return MlflowClient(uri, uri)


def version(home: Path, number: int, model: str = PAIR) -> ModelVersion:
    """A registered version."""
    return client(home).get_model_version(model, str(number))


def champion(home: Path, model: str = PAIR) -> int:
    """The number of the champion."""
    return int(client(home).get_model_version_by_alias(model, "champion").version)
