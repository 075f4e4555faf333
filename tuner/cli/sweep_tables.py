"""What commands print at their end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from tuner.cli.budget_output import print_end
from tuner.cli.confirm_output import print_confirmed, print_confirming
from tuner.cli.objective_output import print_champion_rule, print_excluded, print_trials
from tuner.cli.own_output import print_own_winner
from tuner.cli.winner_remarks import (
    print_account,
    print_baselines,
    print_default,
    print_learnt,
    print_looks,
    print_models,
    print_promised,
    print_refit,
    print_threshold,
)
from tuner.core.budget_text import ended_text
from tuner.core.disk_usage import disk_usage
from tuner.core.errors import TunerError
from tuner.core.score_text import score_text, shown_score
from tuner.core.summary import count_states
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import counted, format_number, format_parameters, format_seconds

if TYPE_CHECKING:
    from tuner.core.outcome import Outcome, Winner
    from tuner.sweeps.status import Status
    from tuner.tracking.store import Store


_FILES = {"image": "IMAGE.png", "tabular": "ROWS.csv", "text": "TEXTS.txt"}


def print_outcome(outcome: Outcome, store: Store, out: Console) -> None:
    """The top five trials, the winner's test scores, where everything lies, and the commands to type next."""
    name = outcome.config.name
    if outcome.top:
        print_trials(outcome, out)
    states = count_states(Counter(record.word for record in outcome.records))
    trials = counted(len(outcome.records), "trial")
    epochs = counted(sum(len(record.values) for record in outcome.records), "epoch")
    confirmed = outcome.confirm_seconds
    more = "" if confirmed is None else f"; then {format_seconds(confirmed)} for the trainings that confirm it"
    out.print(f"{trials} ({states}), {epochs}, {format_seconds(outcome.seconds)}{more}")
    print_end(outcome, out)
    _print_failures(outcome, out)
    print_excluded(outcome.config, outcome.records, out)
    print_account(outcome, out)
    if outcome.winner:
        _print_winner(outcome, outcome.winner, out)
    if outcome.own:
        print_own_winner(outcome, outcome.own, out)
    tracked = f"{store.address}  (tuner ui)" if store.embedded else store.address
    out.print(f"folder    {outcome.folder}\ntracking  {tracked}", markup=False)
    if not outcome.finished:
        out.print(f"\nInterrupted; every trial is saved. To continue:\n\n    tuner resume {name}\n")
        return
    if outcome.winner:
        print_learnt(outcome, out)
    if outcome.report:
        when = f", once it is drawn (tuner status {name})" if outcome.drawing else ""
        out.print(
            f"\nSee how it went; open this in a browser{when}:\n\n    {outcome.report.absolute().as_uri()}",
            markup=False,
        )
    if outcome.winner is None:
        return
    registered = outcome.winner.model
    pair = outcome.config.pair_of(outcome.winner.trial.parameters)
    model = pair if registered and registered.champion else name
    out.print(f"\nUse the model:\n\n    tuner predict {model} {_sample_file(outcome)}\n", markup=False)


def _sample_file(outcome: Outcome) -> str:
    """What stands for the samples in a `tuner predict`, by the kind of the data."""
    from tuner.training.model_description import ModelDescription  # noqa: PLC0415 - imports torch

    try:
        return _FILES[ModelDescription.load(SweepFolder(outcome.folder).model).data.task]
    except TunerError:  # its model has been deleted or damaged since
        return "FILE"


def print_status(status: Status, folder: Path | None, out: Console) -> None:
    """A sweep, and the command to type next."""
    config, summary = status.config, status.summary
    reason = f": {status.reason}" if status.reason else ""
    out.print(f"[bold]{config.name}[/bold]: {escape(config.subject)}, [bold]{status.state}[/bold]", end="")
    out.print(reason, markup=False)
    out.print(f"trials    {summary.by_state()}; {counted(summary.epochs, 'epoch')}")
    if summary.best:
        best = f"{summary.best.score_text()}, trial {summary.best.number}"
        out.print(f"best      {best}: {format_parameters(summary.best.parameters)}", markup=False)
    if status.test_score is not None:
        out.print(f"test      {config.goal.kind.label} {score_text(status.test_score, status.test_interval)}")
    print_confirming(status, out)
    for relation in config.space.get("constrain", ()):
        out.print(f"points    {relation}", markup=False, soft_wrap=True)
    if summary.budgets:
        out.print(f"budgets   {', '.join(each.text for each in summary.budgets)}", markup=False, soft_wrap=True)
    if ended := ended_text(config, status.ended_by):
        out.print(f"ended by  {ended}", markup=False)
    out.print(f"resources {status.resources}")
    if status.seconds is not None:
        left = f", about {format_seconds(summary.left)} left" if summary.left else ""
        out.print(f"time      {format_seconds(status.seconds)}{left}")
    if folder:
        out.print(f"folder    {folder}", markup=False)
        out.print(f"disk      {format_number(disk_usage(folder), 'B')}")
    if status.report:
        out.print(f"report    {status.report}", markup=False, soft_wrap=True)
    if status.unsent:
        out.print(f"\nMLflow lacks a part of it. To upload that:\n\n    tuner sync {config.name}\n")
    goes_on = any(summary.counts.get(state) for state in ("running", "waiting", "queued")) or summary.best is not None
    if status.state in ("paused", "crashed") or (status.state == "failed" and goes_on):
        out.print(f"\nTo continue:\n\n    tuner resume {config.name}\n")


def _print_failures(outcome: Outcome, out: Console) -> None:
    reasons = Counter(record.reason for record in outcome.records if record.state == "FAIL")
    for reason, count in reasons.most_common():
        out.print(f"failed    {count} x {reason}", markup=False)


def _print_winner(outcome: Outcome, winner: Winner, out: Console) -> None:
    scores, trial = winner.scores, winner.trial
    by = "" if trial.goal.plain else f" ({trial.goal.text(winner.deciding)})"
    out.print(f"\n[bold]trial {trial.number}[/bold], epoch {winner.epoch}{by}, on the test set, with 95 % intervals:")
    for score, label in scores.kind.tested.items():
        style = "bold" if score == scores.kind.score else ""
        out.print(f"  {label:<10}{shown_score(scores, score)}", markup=False, soft_wrap=True, style=style)
    print_promised(outcome, winner, out)
    print_default(winner, outcome.config.epochs, out)
    print_models(outcome, winner, out)
    print_baselines(winner, out)
    print_refit(winner, out)
    print_threshold(winner, out)
    print_confirmed(winner, out)
    print_looks(winner, out)
    if winner.model is None:
        out.print(f"model     {SweepFolder(outcome.folder).model}  (not registered yet)", markup=False)
        return
    word = "champion" if winner.model.champion else "registered, not the champion"
    out.print(f"model     {winner.model.uri}  ({word}: {winner.model.note})", markup=False, soft_wrap=True)
    print_champion_rule(outcome.config, outcome.config.pair_of(trial.parameters), out)
