"""The command confirm, and what is printed of a confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console

from tuner.cli import options as opt
from tuner.cli.console import Command, err, out
from tuner.core.environment import prepare_environment

if TYPE_CHECKING:
    from tuner.core.outcome import Winner
    from tuner.sweeps.status import Status

app = typer.Typer()


@app.command(cls=Command)
def confirm(
    name: opt.Name,
    *,
    seeds: opt.Seeds = 5,
    reshuffle: opt.Reshuffle = False,
    test: opt.TestBy = "winner",
    address: opt.Address = None,
    attach: opt.Attach = False,
    detach: opt.Detach = False,
    as_json: opt.AsJson = False,
) -> None:
    """Train the winner of a finished sweep again with other seeds: mean and spread of its validation accuracy.

    The winner's own score is not part of the mean, since it was chosen for being the highest. The model stays the
    same. More seeds later continue with those that there are. `tuner resume` continues after an interruption.

    Examples:  tuner confirm digits-cnn-1   |   tuner confirm digits-cnn-1 --seeds 10 --reshuffle
    """
    prepare_environment()
    place = opt.sweep_place(name, address)
    if place:
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray
        from tuner.core.config import check_confirmation  # noqa: PLC0415

        check_confirmation(seeds, "--seeds", reshuffle=reshuffle, test=test)
        words = ["confirm", name, "--seeds", str(seeds), "--test", test, *(["--reshuffle"] if reshuffle else [])]
        raise typer.Exit(remote.proceed(words, place, attach=attach, as_json=as_json, out=out, err=err))
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.cli.sweep import run_in_background  # noqa: PLC0415
    from tuner.sweeps import api  # noqa: PLC0415 - imports torch

    if detach:
        api.begin_confirming(name, seeds, reshuffle=reshuffle, test=test, callbacks=[printer.notes_of(err)])
        raise typer.Exit(run_in_background(name, as_json=as_json))
    code = printer.run(
        lambda callback: api.confirm(name, seeds, reshuffle=reshuffle, test=test, callbacks=[callback]),
        as_json=as_json,
        out=out,
        err=err,
    )
    raise typer.Exit(code)


def print_confirmed(winner: Winner, out: Console) -> None:
    """What other seeds gave, when that was asked for."""
    from tuner.core.confirmation_text import confirmed_text, not_part_text, tested_mean_text  # noqa: PLC0415

    found = winner.confirm
    if found is None:
        return
    own = f"; {not_part_text(found, winner.val_accuracy)}" if found.accuracy else ""
    out.print(f"confirm   {confirmed_text(found)}{own}", markup=False, soft_wrap=True)
    if found.test:
        out.print(f"          test accuracy {tested_mean_text(found, 'accuracy')}", markup=False, soft_wrap=True)
    for reason in found.failed:
        out.print(f"          not complete: {reason}", markup=False, soft_wrap=True)


def print_confirming(status: Status, out: Console) -> None:
    """How far the confirmation of a sweep is, and what it has come to."""
    from tuner.core.confirmation_text import confirmed_text  # noqa: PLC0415

    found, states = status.confirm, status.confirm_states
    if found is None:
        return
    far = "" if status.state == "finished" else f"{states.get('done', 0)} of {sum(states.values())} trainings done"
    shown = confirmed_text(found) if found.accuracy else ""
    out.print(f"confirm   {'; '.join(filter(None, (far, shown)))}", markup=False, soft_wrap=True)
