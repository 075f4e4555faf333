"""The commands that watch and control a sweep: status, logs, stop, pause, sync."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from rich.console import Console

from tuner.cli.options import Address, AsJson, Name, err, out, sweep_place
from tuner.cli.progress import ProgressView
from tuner.cli.sweep_tables import print_status, print_statuses
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError, printable
from tuner.core.files import tuner_home
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.control import POLL_S
from tuner.sweeps.logs import follow_events
from tuner.sweeps.status import SweepReader, all_statuses


def show_status(name: str | None, *, watch: bool, as_json: bool, out: Console, err: Console) -> int:
    """Prints where all sweeps stand, or one of them; with `watch` until it does not run any more."""
    home = tuner_home()
    if name is None:
        if watch:
            raise TunerError("--watch needs the NAME of a sweep")
        found, damaged = all_statuses(home)
        if as_json:
            out.print_json(json.dumps([each.to_json() for each in found]))
        else:
            print_statuses(found, home, out)
        for reason in damaged:
            err.print(f"left out: {printable(reason)}", markup=False, soft_wrap=True)
        return 1 if damaged else 0
    sweep = SweepReader(name, home)
    if watch and as_json:
        return _watch_json(sweep, out)
    if watch:
        _watch(sweep, err)
    now = sweep.status()
    if as_json:
        out.print_json(json.dumps(now.to_json()))
    else:
        print_status(now, sweep.folder, out)
    return 1 if now.state in ("failed", "crashed") else 0


def show_logs(name: str, *, trial: int | None, follow: bool, out: Console) -> int:
    """Prints what has happened, and with `follow` what happens until the sweep does not run any more."""
    sweep = SweepReader(name, tuner_home())
    for event in follow_events(sweep, trial, follow=follow):
        out.print(event.line(), markup=False)
    if trial is not None:
        details = sweep.folder / "trials" / f"{trial:04d}-error.txt"
        if details.exists():
            out.print(details.read_text(encoding="utf-8", errors="replace").rstrip(), markup=False)
    elif SweepFolder(sweep.folder).error.exists():
        out.print(SweepFolder(sweep.folder).error.read_text(encoding="utf-8", errors="replace").rstrip(), markup=False)
    return 0


def _watch(sweep: SweepReader, err: Console) -> None:
    now = sweep.status()
    with ProgressView(sweep.config, lambda: now.summary, err) as view:
        while now.running:
            view.tick()
            time.sleep(POLL_S)
            now = sweep.status()


def _watch_json(sweep: SweepReader, out: Console) -> int:
    """A line for each moment, so that another process can show it."""
    while True:
        now = sweep.status()
        out.print(json.dumps(now.to_json()), markup=False, highlight=False, soft_wrap=True)
        if not now.running:
            return 0 if now.state in ("finished", "paused") else 1
        time.sleep(POLL_S)


app = typer.Typer()


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A sweep's name; by default all.")] = None,
    *,
    watch: Annotated[bool, typer.Option(help="Show it live until it does not run any more.")] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Show where sweeps stand: state, trials, the best so far, what they take, the time left."""
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        from tuner.cli import remote  # noqa: PLC0415

        if name and watch and not as_json:
            raise typer.Exit(remote.watch(name, place, out=out, err=err))
        _ask(["status", *([name] if name else []), *_flags(watch=watch, json=as_json)], place)

    code = show_status(name, watch=watch, as_json=as_json, out=out, err=err)
    if name is None and not as_json:
        from tuner.core.files import tuner_home  # noqa: PLC0415
        from tuner.execution.jobs.address import clusters  # noqa: PLC0415

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
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        of_trial = [] if trial is None else ["--trial", str(trial)]
        _ask(["logs", name, *of_trial, *_flags(follow=follow)], place)

    raise typer.Exit(show_logs(name, trial=trial, follow=follow, out=out))


@app.command()
def stop(
    name: Name,
    *,
    now: Annotated[bool, typer.Option("--now", help="At once, without testing the best trial.")] = False,
    address: Address = None,
) -> None:
    """End a sweep early: its running trials end with their epochs, and the best so far is tested and registered."""
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        _ask(["stop", name, *_flags(now=now)], place)
    from tuner.sweeps import control  # noqa: PLC0415

    raise typer.Exit(control.stop(name, now=now, err=err))


@app.command()
def pause(name: Name, *, address: Address = None) -> None:
    """End a sweep with all its trials saved, to go on with `tuner resume NAME`."""
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        _ask(["pause", name], place)
    from tuner.sweeps import control  # noqa: PLC0415

    raise typer.Exit(control.pause(name, err=err))


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
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        _ask(["sync", *([name] if name else []), *_flags(elsewhere=elsewhere, json=as_json)], place)
    from tuner.sweeps import sync as syncing  # noqa: PLC0415 - imports MLflow

    raise typer.Exit(syncing.sync(name, elsewhere=elsewhere, as_json=as_json, out=out, err=err))


def _ask(words: list[str], place: str) -> None:
    from tuner.cli import remote  # noqa: PLC0415

    raise typer.Exit(remote.verb(words, place, out=out, err=err))


def _ask_kindly(words: list[str], place: str) -> None:
    from tuner.cli import remote  # noqa: PLC0415

    try:
        remote.verb(words, place, out=out, err=err)
    except TunerError as error:
        err.print(str(error), markup=False, soft_wrap=True)


def _flags(**flags: bool) -> list[str]:
    return [f"--{name}" for name, on in flags.items() if on]
