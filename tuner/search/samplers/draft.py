"""What a sampler is made from."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.core.records import trial_seed
from tuner.search.space import Parameter


@dataclass(frozen=True)
class Draft:
    """A trial that is about to be drawn."""

    seed: int
    """Of the sweep."""
    number: int
    """Of the trial."""
    startup: int
    """How many trials are drawn at random before a sampler learns."""
    parameters: tuple[Parameter, ...]
    """Of the search space."""

    @property
    def trial_seed(self) -> int:
        """Differs from trial to trial."""
        return trial_seed(self.seed, self.number)
