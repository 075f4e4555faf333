"""What more trials would probably bring, and how that is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tuner.core.target_kind import CLASSES
from tuner.core.units import counted


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """See `search.outlook`."""

    trials: int
    """How many more."""
    better: float
    """The probability that one of them is better than the best so far."""
    most: float
    """The score of the best rises by no more than this, with the probability `confidence`."""
    confidence: float
    metric: str = CLASSES.val_score
    """The score."""

    def text(self) -> str:
        """For people, in one line.

        >>> Outlook(trials=8, better=1 / 3, most=0.0211, confidence=0.9).text()
        '8 more trials would find a better one with a probability of about 33 %, and raise val_accuracy by less than \
0.021 (90 % sure)'
        """
        rise = f"{self.most:.2g}" if self.most >= 0.0005 else "0.0005"
        return (
            f"{counted(self.trials, 'more trial')} would find a better one with a probability of about "
            f"{self.better:.0%}, and raise {self.metric} by less than {rise} ({self.confidence:.0%} sure)".replace(
                "%", " %"
            )
        )

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)
