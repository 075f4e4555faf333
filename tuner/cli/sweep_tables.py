"""What commands print at their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner.core.outcome import Outcome, Winner
from tuner.core.records import SCORE
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import format_parameters, format_seconds
from tuner.tracking.store import Store

if TYPE_CHECKING:
    from tuner.report.make import Report
    from tuner.sweeps.status import Status


TOP = 5


_STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "to go on"}


def print_outcome(outcome: Outcome, store: Store, out: Console) -> None:
    """The top five trials, the winner's test scores, where everything lies, and the command to type next."""
    name = outcome.config.name
    if outcome.top:
        out.print(_table(outcome))
    counts = Counter(_STATES[record.state] for record in outcome.records)
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    epochs = sum(len(record.values) for record in outcome.records)
    trials = "1 trial" if len(outcome.records) == 1 else f"{len(outcome.records)} trials"
    out.print(f"{trials} ({states}), {epochs} epochs, {format_seconds(outcome.seconds)}")
    _print_failures(outcome, out)
    if outcome.winner:
        _print_winner(outcome, outcome.winner, out)
    tracked = f"{store.address}  (tuner ui)" if store.embedded else store.address
    out.print(f"folder    {outcome.folder}\ntracking  {tracked}", markup=False)
    if outcome.report:
        out.print(f"report    {outcome.report}", markup=False)
    if outcome.winner:
        out.print("\nSee every run and the model in a browser:\n\n    tuner ui\n" if store.embedded else "")
    else:
        out.print(f"\nInterrupted; every trial is saved. To go on:\n\n    tuner resume {name}\n")


def print_statuses(found: Sequence[Status], home: Path, out: Console) -> None:
    """A row for each sweep: its trials by state, its best score, the time that is left, and what it takes."""
    if not found:
        out.print(f"There are no sweeps in {home} yet. Begin with: tuner sweep digits cnn", markup=False)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("sweep", overflow="fold")
    table.add_column("state", no_wrap=True)
    for column in ("done", "running", "pruned", "failed", "left", "best", "time"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("takes", no_wrap=True)
    for status in found:
        summary = status.summary
        best = f"{summary.best.best[0]:.4f}" if summary.best else ""
        time = f"{format_seconds(summary.left)}" if summary.left is not None else ""
        counts = {**summary.counts, "left": summary.counts["left"] + summary.counts.get("waiting", 0)}
        numbers = (str(counts.get(name, 0)) for name in ("done", "running", "pruned", "failed", "left"))
        state = f"{status.state}, unsent" if status.unsent else status.state
        table.add_row(status.config.name, state, *numbers, best, time, status.resources)
    out.print(table)


def print_status(status: Status, folder: Path | None, out: Console) -> None:
    """A sweep, and the command to type next."""
    config, summary = status.config, status.summary
    reason = f": {status.reason}" if status.reason else ""
    out.print(
        f"[bold]{config.name}[/bold]: {config.model} on {config.dataset_name}, [bold]{status.state}[/bold]", end=""
    )
    out.print(reason, markup=False)
    out.print(f"trials    {summary.states().partition(': ')[2]}; {summary.epochs} epochs")
    if summary.best:
        best = f"{SCORE} {summary.best.best[0]:.4f}, trial {summary.best.number}"
        out.print(f"best      {best}: {format_parameters(summary.best.parameters)}", markup=False)
    out.print(f"takes     {status.resources}")
    if status.seconds is not None:
        left = f", about {format_seconds(summary.left)} left" if summary.left is not None else ""
        out.print(f"time      {format_seconds(status.seconds)}{left}")
    if folder:
        out.print(f"folder    {folder}", markup=False)
    if status.unsent:
        out.print(f"\nMLflow lacks a part of it. To send that:\n\n    tuner sync {config.name}\n")
    if status.state in ("paused", "crashed", "failed"):
        out.print(f"\nTo go on:\n\n    tuner resume {config.name}\n")


def print_report(report: Report, out: Console) -> None:
    """The files, what has nothing to show yet, and where to look."""
    for name in report.files:
        out.print(str(report.folder / name), markup=False)
    for part, reason in report.missing.items():
        out.print(f"no {part}: {reason}", markup=False)
    out.print(f"\nOpen it in a browser:\n\n    {report.page}\n", markup=False)


def _table(outcome: Outcome) -> Table:
    table = Table(title=f"the best trials of {outcome.config.name}", title_justify="left", box=None, pad_edge=False)
    for column in ("trial", SCORE, "epoch"):
        table.add_column(column, justify="right")
    table.add_column("state")
    table.add_column("parameters", overflow="fold")
    for record in outcome.top[:TOP]:
        epoch = f"{record.best_epoch} of {record.epoch}"
        state = _STATES[record.state]
        parameters = Text(format_parameters(record.parameters))
        table.add_row(str(record.number), f"{record.best[0]:.4f}", epoch, state, parameters)
    return table


def _print_failures(outcome: Outcome, out: Console) -> None:
    reasons = Counter(record.reason for record in outcome.records if record.state == "FAIL")
    for reason, count in reasons.most_common():
        out.print(f"failed    {count} x {reason}", markup=False)


def _print_winner(outcome: Outcome, winner: Winner, out: Console) -> None:
    scores, trial = winner.scores, winner.trial
    out.print(
        f"\n[bold]trial {trial.number}[/bold], epoch {winner.epoch}, on the test set: "
        f"[bold]accuracy {scores.accuracy:.4f}[/bold], macro F1 {scores.macro_f1:.4f}, "
        f"ROC-AUC {scores.roc_auc:.4f}, loss {scores.loss:.4f}"
    )
    if winner.model is None:
        out.print(f"model     {SweepFolder(outcome.folder).model}  (not registered yet)", markup=False)
        return
    word = "champion" if winner.model.champion else "registered, not the champion"
    out.print(f"model     {winner.model.uri}  ({word}: {winner.model.note})")
