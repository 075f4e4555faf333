"""What is printed of the winner of a user's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import format_parameters

if TYPE_CHECKING:
    from tuner.core.outcome import Outcome
    from tuner.core.own_winner import OwnWinner


def print_own_winner(outcome: Outcome, winner: OwnWinner, out: Console) -> None:
    """What it reported, its parameters, and where what it has saved is."""
    trial, folder = winner.trial, SweepFolder(outcome.folder).model
    out.print(f"\n[bold]trial {trial.number}[/bold], epoch {winner.epoch}, is the best by what your code has reported:")
    for name, value in winner.scores.items():
        out.print(f"  {name:<18}{value:.4g}", markup=False, soft_wrap=True)
    out.print(f"with      {format_parameters(trial.parameters)}", markup=False, soft_wrap=True)
    if not winner.saved:
        script = (outcome.config.program or {}).get("command")
        kept = "files in TUNER_FOLDER" if script else "what trial.save gets, and files in trial.folder,"
        out.print(f"saved     nothing: {kept} of the best trial are kept", markup=False)
    elif winner.model is None:
        out.print(f"saved     {folder}  (not registered yet)", markup=False, soft_wrap=True)
    else:
        word = "champion" if winner.model.champion else "registered, not the champion"
        out.print(f"saved     {folder}", markup=False, soft_wrap=True)
        out.print(f"model     {winner.model.uri}  ({word}: {winner.model.note})", markup=False, soft_wrap=True)
