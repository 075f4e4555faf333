"""The command confirm."""

from __future__ import annotations

import typer

from tuner.cli import options as opt
from tuner.cli.console import Command, err, out
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.environment import prepare_environment

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

    The winner's own score is not part of the mean, since it was chosen for being the highest. The model stays the same.

    To ask for more seeds later continues with those that there are; so does `tuner resume` after an interruption.

    Examples:  tuner confirm digits-cnn-1   |   tuner confirm digits-cnn-1 --seeds 10 --reshuffle
    """
    prepare_environment()
    asked = ConfirmRequest(seeds=seeds, reshuffle=reshuffle, test=test)
    place = opt.sweep_place(name, address)
    if place:
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        asked.check()
        words = ["confirm", name, *asked.words()]
        raise typer.Exit(remote.proceed(words, place, attach=attach, as_json=as_json, out=out, err=err))
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.cli.sweep import run_in_background  # noqa: PLC0415
    from tuner.sweeps import api, preparation  # noqa: PLC0415 - imports torch

    if detach:
        preparation.begin_confirming(name, asked, callbacks=[printer.notes_of(err)])
        raise typer.Exit(run_in_background(name, as_json=as_json))
    code = printer.run(
        lambda callback: api.confirm(name, asked, callbacks=[callback]),
        as_json=as_json,
        out=out,
        err=err,
    )
    raise typer.Exit(code)
