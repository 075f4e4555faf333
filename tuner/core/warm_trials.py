"""Trials of an earlier sweep that a sweep's sampler begins with: `SweepConfig.warm`, plain data in sweep.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.records import Value


@dataclass(frozen=True, kw_only=True)
class WarmTrial:
    """A trial of the earlier sweep."""

    parameters: dict[str, Value]
    score: float
    """Its score, extrapolated to the last epoch of that sweep."""


@dataclass(frozen=True, kw_only=True)
class WarmTrials:
    """What `--warm-start` took from a sweep of the same data and model."""

    sweep: str
    """Its name."""
    comparable: bool
    """Whether its trials were trained as those of this sweep are: for as many epochs, from the same weights."""
    trials: tuple[WarmTrial, ...]
    defaults: dict[str, Value]
    """What training and the model take for a parameter that a search space does not name."""

    @classmethod
    def of(cls, config: SweepConfig) -> WarmTrials | None:
        """Those of a sweep; None if it has none."""
        raw = config.warm
        if raw is None:
            return None
        return cls(**{**raw, "trials": tuple(WarmTrial(**each) for each in raw["trials"])})

    def to_json(self) -> dict[str, Any]:
        """For `SweepConfig.warm`."""
        return {**asdict(self), "trials": [asdict(each) for each in self.trials]}
