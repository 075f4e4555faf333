"""What a sweep's end says of its budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from tuner.core.budget_text import ended_text
from tuner.core.budgets import TRIALS_ENDED

if TYPE_CHECKING:
    from tuner.core.outcome import Outcome

SPENT_BUDGETS = ("epoch_budget", "gpu_budget", "time_budget")


def print_end(outcome: Outcome, out: Console) -> None:
    """Which budget ended the search, or what is left of the budgets when all trials have ended; and how to go on."""
    from tuner.sweeps.growth import with_more  # noqa: PLC0415 - loaded when a sweep has run

    if outcome.winner is None:
        return
    ended = ended_text(outcome.config, outcome.ended_by)
    left = [each.text for each in outcome.budgets if each.name in SPENT_BUDGETS and each.left]
    if ended:
        text = f"ended by  {ended}"
    elif outcome.ended_by == TRIALS_ENDED and left:
        text = f"ended by  its number of trials: {', '.join(left)}"
    else:
        return
    more = with_more(outcome.config, len(outcome.records), outcome.budgets)
    out.print(f"{text}; to go on: {more}" if more else text, markup=False, soft_wrap=True)
