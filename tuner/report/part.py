"""A part of a report: a figure, and the same as a section of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from tuner.core.config import SweepConfig
from tuner.core.target_kind import TargetKind
from tuner.report.findings import Findings
from tuner.report.page import Block


@dataclass(frozen=True)
class Part:
    """A figure, and the same as a section of the page."""

    key: str
    title: str
    find: Callable[[Findings], tuple[Any, ...]]
    """Gives the arguments of the two functions below. Raises NotShown if there is nothing to show."""
    show: Callable[..., Block]
    draw: Callable[..., Figure] | None = None
    """None for what is no picture."""
    optional: bool = False
    """Whether it is left out when there is nothing to show; otherwise the page says why."""
    of_search: bool = False
    """Whether it compares trials: `tuner train` leaves it out, since it has a single one."""
    of_model: bool = False
    """Whether it needs a model of ours and its test split: left out for a user's own code."""
    of_code: bool = False
    """Whether it is for a user's own code alone."""
    kind: TargetKind | None = None
    """The kind of target that it is for; None for both."""

    def fits(self, config: SweepConfig) -> bool:
        """Whether a sweep can have it."""
        if config.program is not None and self.of_model:
            return False
        if self.kind not in (None, config.goal.kind):
            return False
        return not (self.of_search and config.trials == 1) and (not self.of_code or config.program is not None)
