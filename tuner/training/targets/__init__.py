"""What is predicted, as training sees it: a loss, and what an epoch came to. One module for each kind of target."""

from __future__ import annotations

from tuner.data.spec import DataSpec
from tuner.training.targets.base import Target
from tuner.training.targets.classes import Classes
from tuner.training.targets.numbers import Numbers


def target_of(data: DataSpec) -> Target:
    """The target of this data."""
    return Classes() if data.number is None else Numbers(data.number)
