"""The JSON of commands that run a sweep: sweep, train, resume, confirm; and of those that hand one over."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.serving.schemas.base import Budget, Difference, Interval, Json, Parameters, Scores, Spread
from tuner.serving.schemas.scores import ClassScores, ClassValidation, NumberScores, NumberValidation
from tuner.serving.schemas.sweeps import Confirmation

EndedState = Literal["done", "pruned", "failed", "running", "waiting"]


class Winner(Json):
    """The best trial."""

    trial: int
    epoch: int
    """The one whose weights the model has."""
    val_accuracy: float | None = None
    val_r2: float | None = None
    val_loss: float | None = None
    val_samples: int | None = None
    val_luck: float | None = None
    """How much of the validation score is expected to be luck."""
    val_likely: Interval | None = None
    """Where the accuracy on other data lies, without the luck."""
    val_excess: Difference | None = None
    """By how much the validation score is above that of the test split."""
    parameters: Parameters
    objective: str | None
    constraint: str | None
    scores: Scores
    """What the objectives and constraints came to; of your own training code all that it reported."""
    saved: bool | None = None
    """Only of your own training code: whether it has saved something."""
    sent: bool | None = None
    """Only of your own training code: whether all of it is in MLflow."""
    model: Registered | None = None
    """Only of your own training code: what was registered of it."""


class Registered(Json):
    """Where the model is registered in MLflow."""

    uri: str
    champion: bool
    """Whether it is the best one of its pair."""
    note: str
    """How it compares with the champion of before."""


class Cost(Json):
    """What the model costs."""

    parameters: int
    flops: int
    """Of one forward pass of one sample, 2 for each multiply-add."""
    bytes: int
    train_seconds: float


class Refit(Json):
    """How the winner was trained on training and validation samples together."""

    epochs: int
    samples: int


class Change(Json):
    """A score with and without a threshold."""

    before: float
    after: float
    interval: Interval


class Threshold(Json):
    """Of two classes, from which probability on the second one is said."""

    value: float
    of_class: str
    objective: str
    validation: Change
    used: bool
    test: Change | None
    plain_accuracy: float | None


class AgainstDefault(Json):
    """How the best trial compares with the default configuration."""

    best: int
    difference: Difference | None
    epochs: int
    missing: str
    """Why they could not be compared; empty otherwise."""
    trial: int
    model: str
    registered: bool
    """Whether the default is what is registered."""
    better: bool | None


class AgainstModel(Json):
    """How the winner compares with the best trial of another model."""

    model: str
    trial: int
    trials: int
    parameters: int
    difference: Difference | None
    missing: str


class Finalist(Json):
    """One of the best trials, trained again with other seeds."""

    trial: int
    own: float
    score: Spread | None
    failed: str


class Finalists(Json):
    """What their trainings came to."""

    plan: str
    objective: str
    asked: int
    seeds: list[int]
    folds: bool
    trials: list[Finalist]
    best: int | None


class Baseline(Json):
    """A simple model on the same test samples."""

    key: str
    name: str
    trained_on: int
    of: int
    accuracy: float | None = None
    r2: float | None = None
    interval: Interval
    difference: Difference
    """How much better the network is."""


class Outcome(Json):
    """What a sweep has come to. The keys after `budgets` are there when it is finished."""

    sweep: str
    folder: str
    finished: bool
    """False when it was interrupted: `tuner resume` goes on."""
    trials: dict[EndedState, int]
    epochs: int
    seconds: float
    """Wall-clock time of the run that searched."""
    confirm_seconds: float | None
    unsent: str
    """Why a part is not in MLflow; empty when all is."""
    ended_by: str
    """What ended the search: a budget's name, or a word."""
    budgets: dict[str, Budget]
    front: list[int] | None = None
    """Only with several objectives: the trials on the Pareto front."""
    best: Winner | None = None
    own_sent: bool | None = None
    """Only of your own training code: whether all of it is in MLflow."""
    test: ClassScores | NumberScores | None = None
    test_data: str | None = None
    """The test split's fingerprint."""
    test_looks: int | None = None
    """How many models of the pair have been tested on this test split, this one included."""
    tested_before: int | None = None
    validation: ClassValidation | NumberValidation | None = None
    cost: Cost | None = None
    refit: Refit | None = None
    threshold: Threshold | None = None
    default: AgainstDefault | None = None
    models: list[AgainstModel] = Field(default_factory=list)
    """In a sweep of several models: how the winner compares with the best of each other one."""
    finalists: Finalists | None = None
    confirm: Confirmation | None = None
    baselines: list[Baseline] | None = None
    model: Registered | None = None


class Begun(Json):
    """A sweep that runs in the background."""

    sweep: str
    folder: str


class Submitted(Json):
    """A sweep that was handed to a cluster."""

    sweep: str
    address: str
    job: str


class Queued(Json):
    """A sweep that was handed to Slurm."""

    sweep: str
    job: str
    script: str
    log: str
