"""The commands that look at a sweep and steer it, here or on a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli_options import Address, AsJson, Attach, Detach, Name, err, out
from tuner.environment import prepare
from tuner.errors import TunerError

app = typer.Typer()


@app.command()
def resume(
    name: Name, *, address: Address = None, attach: Attach = False, detach: Detach = False, as_json: AsJson = False
) -> None:
    """Go on with a sweep that was paused, or that Ctrl-C or a crash has ended, from where it was."""
    prepare()
    place = _place(name, address)
    if place:
        from tuner import remote  # noqa: PLC0415 - imports Ray

        raise typer.Exit(remote.resume(name, place, attach=attach, as_json=as_json, out=out, err=err))
    from tuner import commands  # noqa: PLC0415

    raise typer.Exit(commands.resume(name, background=detach, as_json=as_json, out=out, err=err))


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A sweep's name; by default all.")] = None,
    *,
    watch: Annotated[bool, typer.Option(help="Show it live until it does not run any more.")] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Show where sweeps stand: state, trials, the best so far, what they take, the time left."""
    prepare()
    place = _place(name, address)
    if place:
        from tuner import remote  # noqa: PLC0415

        if name and watch and not as_json:
            raise typer.Exit(remote.watch(name, place, out=out, err=err))
        _ask(["status", *([name] if name else []), *_flags(watch=watch, json=as_json)], place)
    from tuner import steer  # noqa: PLC0415

    code = steer.status(name, watch=watch, as_json=as_json, out=out, err=err)
    if name is None and not as_json:
        from tuner.address import clusters  # noqa: PLC0415
        from tuner.files import tuner_home  # noqa: PLC0415

        for known in clusters(tuner_home()):
            out.print(f"\nhanded to {known}:", markup=False)
            _ask_kindly(["status"], known)
    raise typer.Exit(code)


@app.command()
def logs(
    name: Name,
    *,
    trial: Annotated[int | None, typer.Option(help="Of one trial only, with the details of its error.")] = None,
    follow: Annotated[bool, typer.Option(help="Go on until the sweep does not run any more.")] = False,
    address: Address = None,
) -> None:
    """Show what has happened in a sweep: every trial's parameters, epochs and end, in the order of time."""
    prepare()
    place = _place(name, address)
    if place:
        of_trial = [] if trial is None else ["--trial", str(trial)]
        _ask(["logs", name, *of_trial, *_flags(follow=follow)], place)
    from tuner import steer  # noqa: PLC0415

    raise typer.Exit(steer.logs(name, trial=trial, follow=follow, out=out))


@app.command()
def stop(
    name: Name,
    *,
    now: Annotated[bool, typer.Option("--now", help="At once, without testing the best trial.")] = False,
    address: Address = None,
) -> None:
    """End a sweep early: its running trials end with their epochs, and the best so far is tested and registered."""
    prepare()
    place = _place(name, address)
    if place:
        _ask(["stop", name, *_flags(now=now)], place)
    from tuner import steer  # noqa: PLC0415

    raise typer.Exit(steer.stop(name, now=now, err=err))


@app.command()
def pause(name: Name, *, address: Address = None) -> None:
    """End a sweep with all its trials saved, to go on with `tuner resume NAME`."""
    prepare()
    place = _place(name, address)
    if place:
        _ask(["pause", name], place)
    from tuner import steer  # noqa: PLC0415

    raise typer.Exit(steer.pause(name, err=err))


@app.command()
def sync(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A sweep's name; by default all.")] = None,
    *,
    elsewhere: Annotated[bool, typer.Option(help="Send it even though it began with another MLflow.")] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Send MLflow what it lacks of sweeps, when its server was away: trials, epochs, the model, the report.

    Without a name, of all in the folder of sweeps, or on the cluster of --address. One that runs is left out: it
    sends all of it itself. The exit status is 3 when MLflow does not take all.
    """
    prepare()
    place = _place(name, address)
    if place:
        _ask(["sync", *([name] if name else []), *_flags(elsewhere=elsewhere, json=as_json)], place)
    from tuner import sync as syncing  # noqa: PLC0415 - imports MLflow

    raise typer.Exit(syncing.sync(name, elsewhere=elsewhere, as_json=as_json, out=out, err=err))


def _place(name: str | None, address: str | None) -> str | None:
    from tuner.address import place  # noqa: PLC0415
    from tuner.files import tuner_home  # noqa: PLC0415

    return place(name, address, tuner_home())


def _ask(words: list[str], place: str) -> None:
    from tuner import remote  # noqa: PLC0415

    raise typer.Exit(remote.verb(words, place, out=out, err=err))


def _ask_kindly(words: list[str], place: str) -> None:
    from tuner import remote  # noqa: PLC0415

    try:
        remote.verb(words, place, out=out, err=err)
    except TunerError as error:
        err.print(str(error), markup=False, soft_wrap=True)


def _flags(**flags: bool) -> list[str]:
    return [f"--{name}" for name, on in flags.items() if on]
