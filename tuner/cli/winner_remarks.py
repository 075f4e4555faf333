"""What a summary says beside scores: what the scheduler did, whether the winner has learnt, looks at the test set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from tuner.core.errors import TunerError
from tuner.core.validation_text import looks_text, nothing_learnt

if TYPE_CHECKING:
    from tuner.core.outcome import Outcome, Winner


def print_account(outcome: Outcome, out: Console) -> None:
    """What the scheduler decided for the search as a whole, if it is one that does."""
    from tuner.search.schedulers import make_scheduler  # noqa: PLC0415

    if account := make_scheduler(outcome.config).account(outcome.records):
        out.print(f"{outcome.config.scheduler:<10}{account}", markup=False, soft_wrap=True)


def print_looks(winner: Winner, out: Console) -> None:
    """How often the test set has been looked at for this pair, when that is more than once."""
    if winner.test_looks > 1:
        out.print(f"test set  {looks_text(winner.test_looks)}", markup=False, soft_wrap=True)


def print_learnt(outcome: Outcome, out: Console) -> None:
    """Where the model has learnt nothing, this in words, and commands to try next."""
    winner = outcome.winner
    if winner is None or winner.validation is None or winner.learnt:
        return
    from tuner.sweeps.next_steps import next_steps  # noqa: PLC0415 - imports torch

    better, trials = winner.scores.better_than_base, len(outcome.top)
    why = nothing_learnt(winner.validation, trials=trials, better_in_test=better)
    out.print(f"\n{why}", style="bold", markup=False, soft_wrap=True)
    try:
        steps = next_steps(outcome.config, outcome.folder)
    except TunerError:
        return
    out.print("What to try next:\n")
    width = max(len(command) for _, command in steps)
    for purpose, command in steps:
        out.print(f"    {command:<{width}}   # {purpose}", markup=False, soft_wrap=True)
