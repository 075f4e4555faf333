"""What a sampler is made from."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.core.records import Value, trial_seed
from tuner.search.space import Parameter, SearchSpace

SPREAD = 0x9E3779B1
"""Sets the seeds of the redraws of neighbouring trials apart."""


@dataclass(frozen=True)
class Draft:
    """A trial that is about to be drawn."""

    seed: int
    """Of the sweep."""
    number: int
    """Of the trial."""
    startup: int
    """How many trials are drawn at random before a sampler learns."""
    space: SearchSpace
    first: int = 0
    """The number of the first trial that is drawn from this search space."""
    skipped: int = 0
    """How many of the lowest rungs the trial passes without being compared there."""
    tried: tuple[dict[str, Value], ...] = ()
    """What earlier trials have of this space, by the names in the study, if the space was changed."""
    redraw: int = 0
    """How many points were drawn for it before, and may not be tried."""
    trials: int = 0
    """How many the sweep has."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of the search space."""
        return self.space.parameters

    @property
    def trial_seed(self) -> int:
        """Differs from trial to trial, and from one drawing of its point to the next."""
        return (trial_seed(self.seed, self.number) ^ self.redraw * SPREAD) % 2**32
