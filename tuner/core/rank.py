"""How good an epoch or a trial is."""

from __future__ import annotations

from typing import NamedTuple


class Rank(NamedTuple):
    """How good an epoch or a trial is. The larger is the better.

    One that violates no constraint comes first, then what the objectives come to, the first one first. Of equals the
    one with the lower loss is better. Where there are several objectives, `core.pareto` compares trials.
    """

    minus_violation: float
    """See `Goal.violation`, with its sign changed: 0 where no constraint is violated."""
    gains: tuple[float, ...]
    """See `Goal.gains`: one for each objective, the larger the better."""
    minus_loss: float
    """The validation loss, with its sign changed."""

    @property
    def feasible(self) -> bool:
        """Whether no constraint is violated."""
        return self.minus_violation == 0
