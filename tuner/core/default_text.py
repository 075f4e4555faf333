"""What is said of the default configuration at the end of a sweep: the same in the terminal and in the report."""

from __future__ import annotations

from tuner.core.against_default import AgainstDefault
from tuner.core.score_text import points_text
from tuner.core.units import counted


def default_text(found: AgainstDefault, epochs: int) -> str:
    """Whether the best trial beats the default, and which of the two is registered.

    Args:
        found: what the comparison came to.
        epochs: how many a trial has at most.
    """
    of = f" of {found.model}, the best of the defaults" if found.model else ""
    default = f"the default configuration{of} (trial {found.trial})"
    if found.best == found.trial:
        return f"no trial is better than {default}: it is the winner"
    if found.difference is None:
        return f"trial {found.best} was not compared with {default}: {found.missing}"
    samples = f"on the same {counted(found.difference.samples, 'validation sample')}"
    short = "" if found.epochs >= epochs else f"; the default had {found.epochs} of {epochs} epochs"
    verb = "beats" if found.difference.better else "is ahead of"
    text = f"trial {found.best} {verb} {default} by {points_text(found.difference)} {samples}{short}"
    if found.registered:
        return f"{text}: too little to be trusted, so the default is registered"
    return text if found.difference.better else f"{text}: that is within noise"
