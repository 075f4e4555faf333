"""What the tools answer where a command prints more than fits: a part of it, and how to get the next one."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import Field

from tuner.core.finite import finite
from tuner.serving.schemas.base import Json
from tuner.serving.schemas.models import ClassPrediction, NumberPrediction
from tuner.serving.schemas.sweeps import ShownTrial, State, SweepRow, TrialState

_Shape = TypeVar("_Shape", bound=Json)


def answer(shape: type[_Shape], found: Any) -> _Shape:
    """What a command prints with --json, as an answer. A key that the type does not have is left out."""
    return shape.model_validate(finite(found))


class Page(Json):
    """A part of a list."""

    total: int
    """How many there are in all."""
    next: int | None
    """The `first` that gives the next part; null after the last one."""


class SweepPage(Page):
    """Sweeps, the newest first."""

    sweeps: list[SweepRow]
    damaged: list[str]
    """A line for each sweep that cannot be read."""


class Event(Json):
    """Something that happened to a trial."""

    time: float
    """Seconds since 1970."""
    what: str
    """trial; confirm for a training with another seed, refit for one on all samples."""
    trial: int
    text: str


class EventPage(Page):
    """What has happened in a sweep, in order of time."""

    events: list[Event]


class TrialRow(ShownTrial):
    """A trial in the epoch that is kept."""

    state: TrialState
    last_epoch: int
    reason: str
    """Why it was pruned or failed."""


class TrialPage(Page):
    """The trials of a sweep."""

    trials: list[TrialRow]


class Predictions(Json):
    """Answers for samples."""

    predictions: list[ClassPrediction] | list[NumberPrediction]
    """In the order of the samples; of each the most probable classes, ten at most."""
    total: int
    """How many samples were read."""
    next: int | None
    """The `first` that gives the next answers; null after the last one."""
    complete: bool
    """Whether all samples were read: false when there are more than a call reads."""
    score: str | None
    """How good the answers are, where the true ones are known."""
    said: dict[str, int] = Field(default_factory=dict)
    """How often each class was said, of all samples that were read."""
    notes: list[str]
    left_out: list[str]
    """What could not be read, and why."""


class Ordered(Json):
    """What a sweep was told, and how it stands now."""

    sweep: str
    state: State
    text: str
