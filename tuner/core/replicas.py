"""How many servers of a model a cluster has: `2`, or from `1` to `4` as requests need."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tuner.core.errors import TunerError

MOST = 1000


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """Their number, or its limits."""

    least: int
    most: int

    def __str__(self) -> str:
        """As `parse` reads it."""
        return str(self.least) if self.least == self.most else f"{self.least}..{self.most}"

    @classmethod
    def parse(cls, text: str) -> Replicas:
        """Of `2` or `1..4`.

        Raises:
            TunerError: it is neither.
        """
        found = re.fullmatch(r"(\d{1,4})(?:\.\.(\d{1,4}))?", text.strip(), re.ASCII)
        least, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= least <= most <= MOST:
            raise TunerError(f"--replicas '{text}': write a number such as 2, or the fewest and the most: 1..4")
        return cls(least=least, most=most)
