"""How the best trial of a sweep compares with the default configuration, and which of the two is registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from tuner.core.records import DEFAULT_TRIAL
from tuner.core.scores import Difference


@dataclass(frozen=True, kw_only=True)
class AgainstDefault:
    """What became of the default configuration."""

    best: int
    """The trial with the best validation score."""
    difference: Difference | None = None
    """How much better that trial is than the default one, on the same validation samples; None when they could
    not be compared, or when they are the same trial."""
    epochs: int = 0
    """How many epochs the default was trained."""
    missing: str = ""
    """Why they could not be compared; empty otherwise."""
    trial: int = DEFAULT_TRIAL
    """The number of its trial: of several models it is the best of their defaults."""
    model: str = ""
    """The title of its model, where there are several."""
    registered: bool = False
    """Whether the default is what is registered: it has the best score, or the best trial is not better by enough."""

    def to_json(self) -> dict[str, Any]:
        """As in result.json."""
        difference = self.difference.to_json() if self.difference else None
        return {**asdict(self), "difference": difference, "better": self.better}

    @property
    def better(self) -> bool | None:
        """Whether the best trial is better by more than noise; None when that is not known."""
        return self.difference.better if self.difference else None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        known = {name: raw[name] for name in ("best", "epochs", "missing", "registered")}
        known |= {"trial": raw.get("trial", DEFAULT_TRIAL), "model": raw.get("model", "")}
        return cls(**known, difference=Difference.from_json(raw["difference"]) if raw["difference"] else None)
