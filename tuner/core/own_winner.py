"""The best trial of a sweep of a user's own code. There is no test split: it is known by what the code has reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tuner.core.finite import finite
from tuner.core.metric import NOT_REPORTED
from tuner.core.records import TrialRecord


@dataclass(frozen=True, kw_only=True)
class OwnModel:
    """What was registered of it, and whether it is the champion: the best by the same objective."""

    uri: str
    champion: bool
    note: str
    """How it compares with the champion of before."""


@dataclass(frozen=True, kw_only=True)
class OwnWinner:
    """The best trial."""

    trial: TrialRecord
    epoch: int
    """The epoch of its state, if it has saved one; else its best one."""
    saved: bool
    """Whether its state, or files of its own, are in the folder `model` of the sweep."""
    model: OwnModel | None = None
    """What was registered; None while it is not, and for a trial that has saved nothing."""
    sent: bool = False
    """Whether all of it is in MLflow."""

    @property
    def scores(self) -> dict[str, float]:
        """All metrics that it reported in that epoch."""
        found = self.trial.metrics.get(self.epoch, self.trial.outcome(self.trial.best_epoch))
        return {name: value for name, value in found.items() if name not in NOT_REPORTED}

    def to_json(self) -> dict[str, Any]:
        """As in result.json, where a score that JSON does not have (NaN, infinity) is null."""
        return {
            "trial": self.trial.number,
            "epoch": self.epoch,
            "parameters": self.trial.parameters,
            "scores": finite(self.scores),
            "saved": self.saved,
            "sent": self.sent,
            "model": asdict(self.model) if self.model else None,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], records: Sequence[TrialRecord]) -> OwnWinner:
        """The reverse. Raises KeyError, TypeError or IndexError when something is missing."""
        model = OwnModel(**raw["model"]) if raw["model"] else None
        return cls(
            trial=records[raw["trial"]],
            epoch=raw["epoch"],
            saved=raw["saved"],
            model=model,
            sent=raw.get("sent", False),
        )
