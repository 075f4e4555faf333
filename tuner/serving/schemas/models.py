"""The JSON of commands about data and models: list, show, predict, report, compare."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tuner.serving.schemas.base import Interval, Json, Parameters, Value
from tuner.serving.schemas.outcomes import ClassScores, NumberScores
from tuner.serving.schemas.sweeps import Counts, State


class Choice(Json):
    """Something that can be named on a command line."""

    name: str
    """As it is typed; `csv:PATH` and `timm:NAME` stand for many."""
    summary: str
    file: str | None = None
    """Of your own code in the current folder; null for what tuner has."""


class Choices(Json):
    """What can be trained."""

    datasets: list[Choice]
    models: list[Choice]
    pairs: list[str]
    """Those that have a search space of their own, as `DATASET MODEL`. Other pairs that fit get a default one."""


class ShownDataset(Json):
    """A dataset."""

    name: str
    summary: str
    task: str
    """image, text or tabular."""
    shape: list[int]
    """Of a sample."""
    classes: list[str]
    """Empty where numbers are predicted."""
    augment: Any
    """How training images are changed at random."""
    columns: list[str]
    vocabulary: int
    samples: dict[str, int]
    """By split: train, validation, test."""
    class_counts: dict[str, list[int]]
    """By split, in the order of the classes."""
    target: str | None
    predicts: str
    """classification or regression."""
    distribution: dict[str, dict[str, Any]]
    """By split, of the numbers that are predicted: mean, std, least, quartiles, greatest, histogram."""
    division: dict[str, Any] | None
    """How your own data were divided."""
    notes: list[str]
    picture: str
    """The path of a picture of the classes or numbers."""


class ShownModel(Json):
    """A model, made for the dataset."""

    name: str
    summary: str
    parameters: int
    """Trainable weights."""
    arguments: dict[str, Value | None]
    """What `--set` can set of it, beside what training takes, with the defaults."""


class ShownParameter(Json):
    """A hyperparameter that is searched."""

    name: str
    values: str


class ShownSpace(Json):
    """The search space of the pair, and what a sweep does in it."""

    file: str
    epochs: int
    parameters: list[ShownParameter]
    training: dict[str, Value | None]
    """What is not searched, with its value."""
    constrain: list[str]
    start: list[Parameters]
    """The points that a sweep begins with."""
    sampler: str
    auto: str
    scheduler: str
    rungs: list[int]
    """The epochs after which trials are compared."""


class Candidate(Json):
    """A model for the data."""

    model: str
    taken: bool
    """Whether a sweep without MODEL takes it."""
    why_not: str
    text: str
    weights: int | None
    epoch_seconds: float | None
    once: bool | None
    pretrained: bool


class Shown(Json):
    """What `tuner show` says. With MODEL there are `model` and `space`, without it `models`."""

    dataset: ShownDataset
    model: ShownModel | None = None
    space: ShownSpace | None = None
    models: list[Candidate] | None = None
    """Those that suit the data, what a sweep takes first."""


class ClassPrediction(Json):
    """The answer for one sample of a model that says classes."""

    model_config = ConfigDict(validate_by_name=True, use_attribute_docstrings=True)

    sample: str
    """Where it was read: a file, or a file and a line."""
    class_: str = Field(alias="class")
    """The class that is said."""
    probability: float
    """Of that class."""
    probabilities: dict[str, float]
    """By class: the one that is said, then the others, the most probable first."""
    true_class: str | None = None
    """Where it is known."""
    notes: list[str] = Field(default_factory=list)
    """What is far from the training data in this sample."""


class NumberPrediction(Json):
    """The answer for one sample of a model that says numbers."""

    sample: str
    target: str
    """The column that is predicted."""
    number: float
    unit: str | None = None
    true_number: float | None = None
    notes: list[str] = Field(default_factory=list)


class Report(Json):
    """The files of a report."""

    page: str
    files: list[str]
    missing: dict[str, str]
    """Parts with nothing to show, and why."""
    failed: dict[str, str]
    """Parts that could not be made, and the error."""


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
