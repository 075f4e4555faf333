"""The command promote."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tuner.cli.console import Command, err, out, print_json
from tuner.cli.options import AsJson
from tuner.core.environment import prepare_environment
from tuner.core.files import tuner_home

app = typer.Typer()


@app.command(cls=Command)
def promote(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL/VERSION", help="Such as digits-cnn/2, or the name of a sweep.", show_default=False
        ),
    ],
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep it the champion, also when a later model is better.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a registered model the champion of its pair, which `tuner predict PAIR` and models:/PAIR@champion use.

    It stays the champion until a model that is trained later is better on the validation split.

    Examples:  tuner promote digits-cnn/2   |   tuner promote digits-cnn-1 --keep
    """
    prepare_environment()
    from tuner.sweeps.promote import promote as set_champion  # noqa: PLC0415 - imports MLflow

    with err.status("Asking MLflow"):
        done = set_champion(model, tuner_home(), keep=keep)
    if done.remark:
        err.print(f"warning: {done.remark}", markup=False, soft_wrap=True)
    if as_json:
        print_json({**asdict(done), "keep": keep}, out)
        return
    before = f"before, it was version {done.before}" if done.before else "before, there was none"
    before = "it was before" if done.before == done.version else before
    stays = "until the next tuner promote" if keep else "until a later model is better"
    out.print(f"champion of {done.model}: version {done.version}, of the sweep {done.sweep} ({before})", markup=False)
    out.print(f"it stays {stays}", markup=False)
