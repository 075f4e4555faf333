"""What `tuner export` has written, and how it compares with the model that it was made of: plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tuner.core.scores import Difference, Interval


@dataclass(frozen=True, kw_only=True)
class Check:
    """The answers of both models for the same samples."""

    split: str
    """`test`, or `made-up` where the data is not at hand: then there are no scores."""
    samples: int
    largest: float
    """The largest difference of a probability; of numbers, in standard deviations of the target."""
    changed: int
    """For how many samples another class is said; of numbers 0."""
    numbers: bool
    """Whether the model says numbers."""
    score: str = ""
    """`accuracy` or `r2`; empty without true answers."""
    before: float | None = None
    before_error: float | None = None
    """Its standard error."""
    before_interval: Interval | None = None
    after: float | None = None
    after_error: float | None = None
    after_interval: Interval | None = None
    difference: Difference | None = None
    """By how much the exported model is better."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The size and speed of a model."""

    bytes: int
    latency_ms: dict[int, float]
    """The median time by the size of the batch, in milliseconds; empty where it was not measured."""


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """One export."""

    model: str
    """As it was named."""
    file: str
    to: str
    """`onnx` or `torch`."""
    int8: bool
    check: Check
    unchecked: str
    """Why it was not checked on the test set; empty when it was."""
    validation: Check | None
    """With int8: what decided that it was kept."""
    registered: Measured
    exported: Measured

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        found = asdict(self)
        for name in ("check", "validation"):
            check = getattr(self, name)
            if check is not None and check.difference is not None:
                found[name]["difference"] = check.difference.to_json()
        return found
