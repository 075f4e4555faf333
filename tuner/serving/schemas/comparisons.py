"""The JSON of compare: of pairs, and of the sweeps of one pair."""

from __future__ import annotations

from typing import Any

from tuner.serving.schemas.base import Interval, Json, Parameters
from tuner.serving.schemas.scores import ClassScores, NumberScores
from tuner.serving.schemas.sweeps import Counts, State


class AgainstBest(Json):
    """A row beside the best one of its dataset. One of the first two keys is there."""

    accuracy_difference: float | None = None
    r2_difference: float | None = None
    interval: Interval
    p: float
    samples: int
    text: str


class ComparedPair(Json):
    """The best finished sweep of a pair. The keys with r2, rmse and mae are those of models that say numbers."""

    pair: str
    dataset: str
    model: str
    sweep: str
    trials: int | None
    val_accuracy: float | None = None
    val_r2: float | None = None
    test_looks: int
    """How many models of the pair have been tested on this test split."""
    against_best: AgainstBest | None
    accuracy: float | None = None
    macro_f1: float | None = None
    roc_auc: float | None = None
    r2: float | None = None
    rmse: float | None = None
    mae: float | None = None
    samples: int | None
    accuracy_interval: Interval | None = None
    macro_f1_interval: Interval | None = None
    roc_auc_interval: Interval | None = None
    r2_interval: Interval | None = None
    rmse_interval: Interval | None = None
    mae_interval: Interval | None = None
    base_class: str | None = None
    base_accuracy: float | None = None
    base_number: float | None = None
    base_r2: float | None = None
    parameters: int | None
    flops: int | None
    train_seconds: float | None
    bytes: int | None
    machine: str


class Comparison(Json):
    """The best finished sweep of each pair."""

    pairs: list[ComparedPair]
    notes: list[str]
    picture: str


class SideBest(Json):
    """The best trial of one of the sweeps."""

    trial: int
    score: float
    interval: Interval | None
    parameters: Parameters


class Side(Json):
    """One of the sweeps."""

    sweep: str
    state: State
    trials: int
    epochs: int
    sampler: str
    scheduler: str
    seed: int
    concurrency: int
    limit: int | None
    objective: str | None
    constraint: str | None
    space: dict[str, Any]
    trials_by_state: Counts
    epochs_trained: int
    seconds: float | None
    ended_by: str | None
    best: SideBest | None
    test: ClassScores | NumberScores | None
    data: str | None
    test_data: str | None
    validation_data: str | None


class SideBySide(Json):
    """The sweeps of a pair, the oldest first."""

    pair: str
    sweeps: list[Side]
    notes: list[str]
    page: str
