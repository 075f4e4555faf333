"""What `tuner doctor` finds out about one thing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Good, or with its mend."""

    name: str
    text: str
    """What was found, in a line, without a password or token."""
    mend: str = ""
    """What to do: a command to type or a variable to set; empty when all is good."""

    @property
    def good(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.mend

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {**asdict(self), "good": self.good}
