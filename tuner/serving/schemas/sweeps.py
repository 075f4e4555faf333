"""The JSON of commands that look at sweeps: status, list --sweeps, best, logs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from tuner.serving.schemas.base import Budget, Interval, Json, Parameters, Spread, Value

State = Literal["running", "stopping", "pausing", "finished", "paused", "failed", "crashed"]
TrialState = Literal["running", "waiting", "done", "pruned", "failed", "queued"]
Counts = dict[TrialState, int]
"""Trials by their state. `waiting` ones wait for a promotion or a resume, `queued` ones have not begun."""


class ShownTrial(Json):
    """A trial at an epoch."""

    trial: int
    epoch: int
    val_accuracy: float | None = None
    """Of a model that says classes; null before the first epoch."""
    val_r2: float | None = None
    """Of a model that says numbers."""
    scores: dict[str, float]
    """What the sweep's objectives and constraints came to, by the names of the metrics."""
    parameters: Parameters


class Resources(Json):
    """What trials use."""

    concurrency: int
    """How many run at a time, at most."""
    cpus_per_trial: int
    gpus_per_trial: float


class Confirmation(Spread):
    """What the trainings with other seeds came to; `values` are their validation scores, in the order of `seeds`."""

    trial: int
    """The one whose parameters were trained again."""
    asked: int
    """How many seeds were asked for."""
    seeds: list[int]
    metric: str
    reshuffle: bool
    folds: bool
    finished: float
    """When the last one ended, in seconds since 1970."""
    failed: list[str]
    """Why trainings were not completed, a line each."""
    test: dict[str, Spread]
    """Scores on the test split; empty when only the winner was tested."""
    tested_seeds: list[int]
    tested_before: int
    plan: str


class Status(Json):
    """How a sweep stands."""

    sweep: str
    dataset: str
    model: str
    """Its name; of a sweep of several models all of them."""
    state: State
    """A process works on it while this is running, stopping or pausing. `crashed`: its process has died."""
    reason: str
    """Why it failed; empty otherwise."""
    unsent: bool
    """Whether it is finished, but not all of it is in MLflow: `tuner sync` sends the rest."""
    trials: Counts
    epochs: int
    """Trained so far, by all trials."""
    epochs_expected: int
    best: ShownTrial | None
    """The best trial so far, in the epoch that is kept."""
    live: list[ShownTrial]
    """The trials that workers have now."""
    resources: Resources
    seconds: float | None
    """Since the process that runs it started; null if none does."""
    seconds_left: float | None
    """As estimated; null when that is not known."""
    budgets: dict[str, Budget]
    ended_by: str | None
    """What ended the search of a finished sweep: a budget's name, or a word."""
    test_accuracy: float | None = None
    """Of a finished sweep's model, on the test split."""
    test_accuracy_interval: Interval | None = None
    test_r2: float | None = None
    """The same of a model that says numbers."""
    test_r2_interval: Interval | None = None
    confirm: Confirmation | None
    confirm_trainings: Counts
    began: float | None
    """When its first trial began, in seconds since 1970."""
    finished: float | None
    report: str
    """That its report is being drawn, or what is wrong with it; empty otherwise."""
    config: dict[str, Any]
    """Everything that decides what it does, as in its sweep.json."""


class StatusWithDisk(Status):
    """How a sweep stands, and what it takes."""

    disk_bytes: int
    """What its folder takes on the disk."""


class SweepRow(Json):
    """A sweep in the list of all."""

    sweep: str
    pair: str
    state: State
    trials: Counts
    metric: str
    """What `best` is a value of."""
    best: float | None
    began: float | None
    finished: float | None
    disk_bytes: int


class Best(Json):
    """The winner of a finished sweep, or the best trial so far."""

    sweep: str
    finished: bool
    """Whether the sweep is."""
    trial: int
    epoch: int
    """The one whose weights are kept."""
    parameters: Parameters
    front: list[int] | None = None
    """Only with several objectives: the trials on the Pareto front, the best by the first objective first."""
    objective: str | None
    constraint: str | None
    scores: dict[str, float]
    """What decides, and the scores of the task, on the validation samples."""
    val_accuracy: float | None = None
    val_accuracy_interval: Interval | None = None
    val_r2: float | None = None
    val_r2_interval: Interval | None = None
    test_accuracy: float | None = None
    """On the test split; null while the sweep is not finished."""
    test_accuracy_interval: Interval | None = None
    test_r2: float | None = None
    test_r2_interval: Interval | None = None


class LogRow(Json):
    """An epoch of a trial. Further keys: each metric by its name, and each parameter as `params_NAME`."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, Value | None]

    trial: int
    epoch: int | None
    """Null for a trial without one."""
    kept: bool
    """Whether the weights of this epoch are kept."""
    state: TrialState
    """Of the trial."""
    time: float | None
    """When the epoch ended, in seconds since 1970."""
    seed: int | None
    reason: str
    """Why the trial was pruned or failed."""
