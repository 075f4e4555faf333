"""What a sweep prints at its end."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner.duration import format_seconds
from tuner.outcome import Outcome, Winner
from tuner.progress import format_parameters
from tuner.search import SCORE
from tuner.store import Store

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
    out.print(f"{len(outcome.records)} trials ({states}), {epochs} epochs, {format_seconds(outcome.seconds)}")
    _print_failures(outcome, out)
    if outcome.winner:
        _print_winner(outcome.winner, out)
    tracked = f"{store.address}  (tuner ui)" if store.embedded else store.address
    out.print(f"folder    {outcome.folder}\ntracking  {tracked}", markup=False)
    if outcome.unsent:
        out.print(f"warning   not all of it could be sent: {outcome.unsent}")
    if outcome.winner:
        out.print("\nSee every run and the model in a browser:\n\n    tuner ui\n" if store.embedded else "")
    else:
        out.print(f"\nInterrupted; every trial is saved. To go on:\n\n    tuner resume {name}\n")


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


def _print_winner(winner: Winner, out: Console) -> None:
    scores, trial = winner.scores, winner.trial
    out.print(
        f"\n[bold]trial {trial.number}[/bold], epoch {trial.best_epoch}, on the test set: "
        f"[bold]accuracy {scores.accuracy:.4f}[/bold], macro F1 {scores.macro_f1:.4f}, "
        f"ROC-AUC {scores.roc_auc:.4f}, loss {scores.loss:.4f}"
    )
    word = "champion" if winner.model.champion else "registered, not the champion"
    out.print(f"model     {winner.model.uri}  ({word}: {winner.model.note})")
