"""The command ensemble, and how what it found is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli.console import Command, err, out
from tuner.cli.options import AsJson, Name
from tuner.core.ensemble_request import LEAST_SIZE, MOST_SIZE, SIZE
from tuner.core.environment import prepare_environment
from tuner.core.files import tuner_home

if TYPE_CHECKING:
    from tuner.core.ensemble import EnsembleReport

app = typer.Typer()


@app.command(cls=Command)
def ensemble(
    name: Name,
    *,
    size: Annotated[
        int, typer.Option("--size", metavar="N", min=LEAST_SIZE, max=MOST_SIZE, help="How many models at most.")
    ] = SIZE,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Test and register it also where it is not better than the winner.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make one model of several that a finished sweep has trained, where that is better on validation samples.

    Its answer is the weighted mean of theirs. They are picked one after the other by the validation loss. It is
    registered as PAIR-ensemble, so that the pair's own champion stays what it is. Of models that were
    fine-tuned from the same weights the weights are averaged, too: PAIR-soup, which costs no more than one of them.

    Examples:  tuner ensemble digits-cnn-1   |   tuner ensemble digits-cnn-1 --size 3 --json
    """
    prepare_environment()
    from tuner.sweeps.ensemble import make_ensemble  # noqa: PLC0415 - imports torch

    with err.status("Trying mixtures of the models"):
        report = make_ensemble(name, tuner_home(), size, anyway=anyway, tell=_warn)
    if as_json:
        out.print_json(json.dumps(report.to_json()))
    else:
        print_ensemble(report, out)


def print_ensemble(report: EnsembleReport, out: Console) -> None:
    """What was picked, what it is worth, and what it costs."""
    from tuner.core.ensemble_text import mixture_lines  # noqa: PLC0415

    pool = f"{len(report.candidates)} models to pick from, the winner is trial {report.winner}"
    out.print(f"[bold]{report.sweep}[/bold]: {pool}")
    for mixture in report.mixtures:
        for line in mixture_lines(mixture, report.winner):
            out.print(line, markup=False, soft_wrap=True)


def _warn(line: str) -> None:
    err.print(f"warning: {line}", markup=False, soft_wrap=True)
