"""One finding of `tuner doctor`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Either good, or with instructions on how to fix it."""

    name: str
    text: str
    """What was found, in one line, without any password or token."""
    mend: str = ""
    """What to do: a command to type or a variable to set; empty when all is good."""

    @property
    def good(self) -> bool:
        """Whether there is nothing to fix."""
        return not self.mend

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON, for scripts."""
        return {**asdict(self), "good": self.good}
