"""What a summary says beside scores: the scheduler, what the winner promised, the default, looks at the test set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from tuner.core.default_text import default_text
from tuner.core.errors import TunerError
from tuner.core.models_compared import by_model, seconds_of
from tuner.core.own_code import title
from tuner.core.records import best_of
from tuner.core.refit import refit_text
from tuner.core.score_text import excess_text, luck_text
from tuner.core.threshold import threshold_text
from tuner.core.units import counted, format_seconds
from tuner.core.validation_text import looks_text, nothing_learnt

if TYPE_CHECKING:
    from tuner.core.outcome import Outcome, Winner


def print_account(outcome: Outcome, out: Console) -> None:
    """What the scheduler decided for the search as a whole, if it is one that does."""
    from tuner.search.schedulers import account_of  # noqa: PLC0415

    if account := account_of(outcome.config, outcome.records):
        out.print(f"{outcome.config.scheduler:<10}{account}", markup=False, soft_wrap=True)


def print_looks(winner: Winner, out: Console) -> None:
    """How often the test set has been looked at for this pair, when that is more than once."""
    if winner.test_looks > 1:
        out.print(f"test set  {looks_text(winner.test_looks)}", markup=False, soft_wrap=True)


def print_promised(outcome: Outcome, winner: Winner, out: Console) -> None:
    """How much the validation accuracy has promised too much, by what was expected and by the test set."""
    tried = sum(record.feasible for record in outcome.records)
    luck = luck_text(winner.val_luck, tried, winner.val_samples, winner.val_likely)
    expected = f" is {luck}" if luck and winner.learnt and not winner.confirm else ""
    measured = excess_text(winner.val_excess)
    if expected or measured:
        text = f"{expected}{'; ' if expected else ': '}{measured}" if measured else expected
        out.print(f"{winner.scores.kind.val_score} {winner.val_score:.4f}{text}", markup=False, soft_wrap=True)


def print_default(winner: Winner, epochs: int, out: Console) -> None:
    """How the best trial compares with the default configuration, in a sweep with at most so many epochs a trial."""
    if winner.default:
        out.print(f"default   {default_text(winner.default, epochs)}", markup=False, soft_wrap=True)


def print_models(outcome: Outcome, winner: Winner, out: Console) -> None:
    """What each model got and gave, in a sweep of several, and whether the winner's is better by more than noise."""
    config = outcome.config
    if not config.several:
        return
    own = title(config.model_of(winner.trial.parameters))
    groups = by_model(config, outcome.records)
    for name, records in groups.items():
        got = f"{counted(len(records), 'trial')}, {counted(sum(len(each.values) for each in records), 'epoch')}"
        got += f", {format_seconds(sum(map(seconds_of, records)))}"
        best = best_of(records)
        gave = f"best {best.score_text()}, trial {best.number}, epoch {best.best_epoch}" if best else "none has a score"
        out.print(f"models    {name}: {got}; {gave}", markup=False, soft_wrap=True)
    trials = sum(each.feasible for each in groups[own])
    for each in winner.models:
        out.print(f"models    {each.text(own, trials)}", markup=False, soft_wrap=True)


def print_baselines(winner: Winner, out: Console) -> None:
    """What simple models reach on the same test samples."""
    for baseline in winner.baselines or ():
        style = "bold" if baseline.difference.worse else ""
        out.print(f"baseline  {baseline.text}", markup=False, soft_wrap=True, style=style)


def print_refit(winner: Winner, out: Console) -> None:
    """What the tested model was trained on, when that was more than the training samples."""
    if winner.refit:
        out.print(f"refit     {refit_text(winner.refit)}", markup=False, soft_wrap=True)


def print_threshold(winner: Winner, out: Console) -> None:
    """From which probability on the second of two classes is said, where that is not a half."""
    if winner.threshold and winner.threshold.used:
        text = threshold_text(winner.threshold, refitted=winner.refit is not None)
        out.print(f"threshold {text}", markup=False, soft_wrap=True)


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
        steps = next_steps(outcome.config, outcome.folder, outcome.budgets)
    except TunerError:
        return
    out.print("What to try next:\n")
    width = max(len(command) for _, command in steps)
    for purpose, command in steps:
        out.print(f"    {command:<{width}}   # {purpose}", markup=False, soft_wrap=True)
