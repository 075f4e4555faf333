"""What each model of a sweep of several got, and what it gave, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord, best_of
from tuner.core.score_text import difference_text
from tuner.core.scores import Difference
from tuner.core.several_models import MODEL, titles
from tuner.core.units import counted


def by_model(config: SweepConfig, records: Sequence[TrialRecord]) -> dict[str, list[TrialRecord]]:
    """The trials of each model of a sweep of several, by its title."""
    found: dict[str, list[TrialRecord]] = {name: [] for name in titles(config.model)}
    for record in records:
        if record.parameters:  # empty while they are being drawn
            found[str(record.parameters[MODEL])].append(record)
    return found


def seconds_of(record: TrialRecord) -> float:
    """The time that a trial has trained and been validated."""
    return sum(metrics.get("epoch_seconds", 0.0) for metrics in record.metrics.values())


@dataclass(frozen=True, kw_only=True)
class AgainstModel:
    """How the winner of a sweep compares with the best trial of another model."""

    model: str
    """The title of the other one."""
    trial: int
    """The number of its best trial."""
    trials: int
    """Of how many trials with a score that one is the best."""
    parameters: int
    """Trainable weights of that trial's model."""
    difference: Difference | None = None
    """How much better the winner is, on the same validation samples; None where that could not be compared."""
    missing: str = ""
    """Why; empty otherwise."""

    def to_json(self) -> dict[str, Any]:
        """As in result.json."""
        return {**asdict(self), "difference": self.difference.to_json() if self.difference else None}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        found = raw["difference"]
        return cls(**{**raw, "difference": Difference.from_json(found) if found else None})

    def text(self, winner: str, trials: int) -> str:
        """`against lenet (trial 1) cnn is better by 4.7 points (...)`. The winner is the best of so many `trials`."""
        if self.difference is None:
            return f"{winner} was not compared with {self.model}: {self.missing}"
        samples = counted(self.difference.samples, "validation sample")
        text = f"against {self.model} (trial {self.trial}) {winner} is {difference_text(self.difference)} on the same "
        return f"{text}{samples}; they are the best of {trials} and {counted(self.trials, 'trial')}"


def best_of_models(config: SweepConfig, records: Sequence[TrialRecord]) -> dict[str, TrialRecord]:
    """The best trial of each model that has one, by its title."""
    found = ((name, best_of(own)) for name, own in by_model(config, records).items())
    return {name: best for name, best in found if best is not None}
