"""The command rm."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.cli.console import Command, err, out, print_json
from tuner.cli.options import Address, AsJson, sweep_place
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.units import counted, format_number

if TYPE_CHECKING:
    from tuner.sweeps.removal import Doomed, Removed

app = typer.Typer()


@app.command(cls=Command)
def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="The names of sweeps.", show_default=False)],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask no question.")] = False,
    keep_model: Annotated[
        bool,
        typer.Option("--keep-model", help="Keep the registered models, and the sweep's own run, which they refer to."),
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Delete sweeps: their folders, their runs in MLflow, and their registered models, after a question.

    Where a champion is deleted, the best model that is left of its pair becomes the champion.

    If it was interrupted, the same command finishes it.

    Examples:  tuner rm digits-cnn-1 digits-cnn-2   |   tuner rm digits-cnn-1 --keep-model --yes
    """
    prepare_environment()
    places = {name: place for name in names if (place := sweep_place(name, address))}
    here = [name for name in dict.fromkeys(names) if name not in places]
    doomed = _examine(here)
    if places or doomed:
        _ask(doomed, places, yes=yes, keep_model=keep_model)
    done = [each for name in here for each in _remove(name, keep_model=keep_model, as_json=as_json)]
    code = 1 if any(each.unfinished for each in done) else 0
    if as_json and (here or not places):
        print_json([asdict(each) for each in done], out)
    for name, place in places.items():
        code = max(code, _remove_there(name, place, keep_model=keep_model, as_json=as_json))
    raise typer.Exit(code)


def _examine(names: Sequence[str]) -> list[Doomed]:
    if not names:
        return []
    with err.status("Looking at what belongs to it"):
        from tuner.sweeps.removal import examine  # noqa: PLC0415 - imports MLflow

        return examine(names, tuner_home())


def _ask(doomed: Sequence[Doomed], places: dict[str, str], *, yes: bool, keep_model: bool) -> None:
    """Says what will be deleted, and ends the command where that is not wanted."""
    if yes:
        return
    names = ", ".join([*(each.name for each in doomed), *places])
    if not sys.stdin.isatty():
        raise TunerError(f"nothing was deleted, since nobody can be asked here: to delete {names}, add --yes")
    for each in doomed:
        err.print(_question(each, keep_model=keep_model), markup=False, soft_wrap=True)
    for name, place in places.items():
        err.print(f"{name} on {place}: its folder and its runs", markup=False, soft_wrap=True)
    if not typer.confirm("Delete this?", err=True):
        err.print("nothing was deleted")
        raise typer.Exit(1)


def _question(doomed: Doomed, *, keep_model: bool) -> str:
    folder, runs = f"{doomed.name}: its folder ({format_number(doomed.bytes, 'B')})", "its runs in MLflow"
    if not doomed.models:
        return f"{folder} and {runs}"
    models = ", ".join(f"{each} (the champion)" if each in doomed.champions else each for each in doomed.models)
    models = f"the registered model{'' if len(doomed.models) == 1 else 's'} {models}"
    return f"{folder} and {runs}, but not {models}" if keep_model else f"{folder}, {runs} and {models}"


def _remove(name: str, *, keep_model: bool, as_json: bool) -> list[Removed]:
    from tuner.sweeps.removal import remove  # noqa: PLC0415

    with err.status(f"Deleting {name}"):
        done = remove(name, tuner_home(), keep_model=keep_model)
    for each in done:
        for note in each.notes:
            err.print(note, markup=False, soft_wrap=True)
        if each.unfinished:
            again = f"{each.sweep} is not deleted yet: {each.unfinished}; to finish it: tuner rm {each.sweep}"
            err.print(f"error: {again}", markup=False, soft_wrap=True)
        elif not as_json:
            out.print(_told(each), markup=False)
    return done


def _told(done: Removed) -> str:
    parts = [f"its folder ({format_number(done.bytes, 'B')})"]
    parts += [counted(done.runs, "run")] if done.runs else []
    parts += [f"the registered {each}" for each in done.models]
    kept = f"; {', '.join(done.kept)} kept" if done.kept else ""
    return f"deleted {done.sweep}: {', '.join(parts)}{kept}"


def _remove_there(name: str, place: str, *, keep_model: bool, as_json: bool) -> int:
    """Deletes a sweep of a cluster. Its name is forgotten here, too."""
    from tuner.cli import remote  # noqa: PLC0415
    from tuner.execution.jobs.address import forget  # noqa: PLC0415

    flags = [*(["--keep-model"] if keep_model else []), *(["--json"] if as_json else [])]
    code = remote.verb(["rm", name, "--yes", *flags], place, out=out, err=err)
    if code == 0:
        forget(name, tuner_home())
    return code
