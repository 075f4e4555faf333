"""What all types of JSON share, and the small ones that many of them have."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Value = bool | int | float | str
Parameters = dict[str, Value]
"""Hyperparameters by their names."""
Scores = dict[str, float | None]
"""By the names of metrics; null for one that is NaN or infinite, as your own training code may report."""


class Json(BaseModel):
    """An object. What is written below a key is its description in the JSON Schema."""

    model_config = ConfigDict(use_attribute_docstrings=True)


Interval = tuple[float | None, float | None]
"""Where a score is expected over many more such samples, with a confidence of 95 %; null for no bound."""


class Difference(Json):
    """How much better one model is than another one, on the same samples. One of the first two keys is there."""

    accuracy: float | None = None
    """The first accuracy minus the second one."""
    r2: float | None = None
    """The same of R2."""
    interval: Interval
    """Of the difference. It contains 0 where the samples cannot tell the two apart."""
    p: float
    """How often at least such a difference would come about between equals."""
    samples: int


class Spread(Json):
    """A score over several trainings."""

    values: list[float]
    mean: float | None
    sd: float | None
    """Standard deviation over the trainings; null for a single one."""
    interval: Interval | None
    """Of the mean."""


class Budget(Json):
    """How far a budget is used."""

    limit: float
    """Seconds, GPU-seconds, epochs, a score or a number of trials."""
    left: float | None
    """What remains, in the same unit; for a score, how much it has to grow."""
    text: str
    more: str
    """What `tuner resume` needs to go on when it is used up; empty while it is not."""
