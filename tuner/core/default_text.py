"""What is said of the default configuration at the end of a sweep: the same in the terminal and in the report."""

from __future__ import annotations

from tuner.core.against_default import AgainstDefault
from tuner.core.records import DEFAULT_TRIAL
from tuner.core.score_text import points_text
from tuner.core.units import counted

DEFAULT = f"the default configuration (trial {DEFAULT_TRIAL})"


def default_text(found: AgainstDefault, epochs: int) -> str:
    """Whether the best trial beats the default, and which of the two is registered.

    Args:
        found: what the comparison came to.
        epochs: how many a trial has at most.
    """
    if found.best == DEFAULT_TRIAL:
        return f"no trial is better than {DEFAULT}: it is the winner"
    if found.difference is None:
        return f"trial {found.best} was not compared with {DEFAULT}: {found.missing}"
    samples = f"on the same {counted(found.difference.samples, 'validation sample')}"
    short = "" if found.epochs >= epochs else f"; the default had {found.epochs} of {epochs} epochs"
    text = f"trial {found.best} beats {DEFAULT} by {points_text(found.difference)} {samples}{short}"
    if found.registered:
        return f"{text}: too little to be trusted, so the default is registered"
    return text if found.difference.better else f"{text}: that is within noise"
