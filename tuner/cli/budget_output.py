"""What a sweep's end says of its budgets, and of what more trials would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from tuner.core.budget_text import ended_text
from tuner.core.budgets import TRIALS_ENDED

if TYPE_CHECKING:
    from tuner.core.outcome import Outcome

SPENT_BUDGETS = ("epoch_budget", "gpu_budget", "time_budget")


def print_end(outcome: Outcome, out: Console) -> None:
    """Which budget ended the search, or what is left of them when all trials have ended; how to go on, and why."""
    from tuner.search.outlook import outlook_of  # noqa: PLC0415 - imports scipy

    if not outcome.finished:
        return
    if line := _end(outcome):
        out.print(line, markup=False, soft_wrap=True)
    outlook = outlook_of(outcome.config, outcome.records) if outcome.winner and outcome.winner.learnt else None
    if outlook:
        out.print(f"outlook   {outlook.text()}", markup=False, soft_wrap=True)


def _end(outcome: Outcome) -> str:
    """Empty when there is nothing to tell of budgets."""
    from tuner.sweeps.growth import with_more  # noqa: PLC0415 - loaded when a sweep has run

    ended = ended_text(outcome.config, outcome.ended_by)
    left = [each.text for each in outcome.budgets if each.name in SPENT_BUDGETS and each.left]
    if ended:
        text = f"ended by  {ended}"
    elif outcome.ended_by == TRIALS_ENDED and left:
        text = f"ended by  its number of trials: {', '.join(left)}"
    else:
        return ""
    more = with_more(outcome.config, len(outcome.records), outcome.budgets)
    return f"{text}; to go on: {more}" if more else text
