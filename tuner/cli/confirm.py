"""The command confirm."""

from __future__ import annotations

import typer

from tuner.cli import confirm_options as confirming
from tuner.cli import options as opt
from tuner.cli.console import Command, err, out
from tuner.cli.waiting import Wait
from tuner.core.confirm_request import SEEDS, ConfirmRequest
from tuner.core.environment import prepare_environment

app = typer.Typer()

SEEDS_BY_DEFAULT = 5


@app.command(cls=Command)
def confirm(
    name: opt.Name,
    *,
    seeds: confirming.Seeds = None,
    folds: confirming.Folds = None,
    reshuffle: confirming.Reshuffle = False,
    test_by: confirming.TestBy = "winner",
    address: opt.Address = None,
    attach: opt.Attach = False,
    detach: opt.Detach = False,
    wait: Wait = False,
    as_json: opt.AsJson = False,
) -> None:
    """Train the winner of a finished sweep again with other seeds, to see how much of its score was luck.

    It shows mean and spread of their validation score. The winner's own, which was the highest of many, is no part.

    The winner's model stays as it is. Asked again with more seeds, it trains only the new ones.

    After an interruption, `tuner resume NAME` continues it.

    Examples:  tuner confirm digits-cnn-1   |   tuner confirm digits-cnn-1 --folds 5
    """
    prepare_environment()
    if folds is None:
        asked = ConfirmRequest(seeds=SEEDS_BY_DEFAULT if seeds is None else seeds, reshuffle=reshuffle, test=test_by)
    else:
        asked = ConfirmRequest.of_folds(folds, {SEEDS: seeds}, reshuffle=reshuffle, test=test_by)
    place = opt.sweep_place(name, address)
    if place:
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        asked.check()
        words = ["confirm", name, *asked.words()]
        raise typer.Exit(remote.proceed(words, place, attach=attach, as_json=as_json, out=out, err=err))
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.cli.begin import run_in_background  # noqa: PLC0415
    from tuner.sweeps import api, preparation  # noqa: PLC0415 - imports torch

    if detach:
        preparation.begin_confirming(name, asked, callbacks=[printer.notes_of(err)])
        raise typer.Exit(run_in_background(name, as_json=as_json))
    code = printer.run(
        lambda callback: api.confirm(name, asked, callbacks=[callback]),
        as_json=as_json,
        wait=wait,
        out=out,
        err=err,
    )
    raise typer.Exit(code)
