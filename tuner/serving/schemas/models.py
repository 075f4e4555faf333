"""The JSON of commands about data and models: list, show, predict, report."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tuner.serving.schemas.base import Json, Parameters, Value


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
