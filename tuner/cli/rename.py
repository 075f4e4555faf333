"""The command rename."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from tuner.cli.console import Command, err, out, print_json
from tuner.cli.options import Address, AsJson, Name, sweep_place
from tuner.core.environment import prepare_environment
from tuner.core.files import tuner_home

app = typer.Typer()


@app.command(cls=Command)
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.", show_default=False)],
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Give a sweep another name: its folder, its runs in MLflow, and what they say of it.

    Its registered models keep theirs, which is that of the pair. If it was interrupted, the same command finishes it.
    """
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        raise typer.Exit(_rename_there(name, new, place, as_json=as_json))
    with err.status(f"Renaming {name}"):
        from tuner.sweeps import renaming  # noqa: PLC0415 - imports MLflow

        done = renaming.rename(name, new, tuner_home())
    if as_json:
        print_json(asdict(done), out)
    if done.unfinished:
        again = f"to finish it: tuner rename {name} {new}"
        err.print(f"error: {name} is {new} now, but not yet in MLflow: {done.unfinished}; {again}", soft_wrap=True)
        raise typer.Exit(1)
    if not as_json:
        out.print(f"{name} is {new} now", markup=False)
    if done.report:
        err.print(f"its report shows the earlier name; to make it again: tuner report {new}", soft_wrap=True)


def _rename_there(name: str, new: str, place: str, *, as_json: bool) -> int:
    """Renames a sweep of a cluster, and where it was submitted to under its name."""
    from tuner.cli import remote  # noqa: PLC0415
    from tuner.execution.jobs.address import forget, submitted  # noqa: PLC0415

    code = remote.verb(["rename", name, new, *(["--json"] if as_json else [])], place, out=out, err=err)
    known = submitted(tuner_home()).get(name)
    if code == 0 and known:
        replace(known, name=new).save(tuner_home())
        forget(name, tuner_home())
    return code
