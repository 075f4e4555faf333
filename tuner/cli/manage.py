"""The commands that watch and control a sweep: status, logs, stop, pause, sync."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tuner.cli.options import Address, AsJson, Command, Name, NameOrAll, err, out, sweep_place
from tuner.cli.progress import ProgressView
from tuner.cli.status_table import print_statuses, status_lines
from tuner.cli.sweep_tables import print_status
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError, printable
from tuner.core.files import tuner_home
from tuner.core.sweep_folder import ERROR_FILE
from tuner.sweeps.control import POLL_S
from tuner.sweeps.logs import follow_events
from tuner.sweeps.status import Status, SweepReader, all_statuses

ALL_S = 2.0  # between two looks at all sweeps


PIPED_S = 10.0  # the same, where each prints a table below the last one


def show_status(name: str | None, *, watch: bool, as_json: bool, out: Console, err: Console) -> int:
    """Prints the state of all sweeps, or of one; with `watch` until none of them runs any more."""
    home = tuner_home()
    if name is None:
        return _status_of_all(home, watch=watch, as_json=as_json, out=out, err=err)
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
    """Prints what has happened, and with `follow` what happens until the sweep stops running."""
    sweep = SweepReader(name, tuner_home())
    for event in follow_events(sweep, trial, follow=follow):
        out.print(event.line(), markup=False)
    if trial is not None:
        details = sweep.folder / "trials" / f"{trial:04d}-error.txt"
        if details.exists():
            out.print(details.read_text(encoding="utf-8", errors="replace").rstrip(), markup=False)
    elif (sweep.folder / ERROR_FILE).exists():
        out.print((sweep.folder / ERROR_FILE).read_text(encoding="utf-8", errors="replace").rstrip(), markup=False)
    return 0


def _status_of_all(home: Path, *, watch: bool, as_json: bool, out: Console, err: Console) -> int:
    """Prints all sweeps; with `watch` again and again, until none runs. Returns 1 when one of them is damaged."""
    found, damaged = _watch_all(home, out, as_json=as_json) if watch else all_statuses(home)
    if as_json and not watch:
        out.print_json(json.dumps([each.to_json() for each in found]))
    elif not as_json:
        print_statuses(found, home, out)
    for reason in damaged:
        err.print(f"left out: {printable(reason)}", markup=False, soft_wrap=True)
    return 1 if damaged else 0


def _watch_all(home: Path, out: Console, *, as_json: bool) -> tuple[list[Status], list[str]]:
    """A live table on a terminal; elsewhere the table, or a line of JSON, each time that something has changed."""
    watches: dict[str, SweepReader] = {}
    before: list[str] = []
    table = Live(console=out, auto_refresh=False, transient=True) if out.is_terminal and not as_json else None
    with table or nullcontext():
        while True:
            found, damaged = all_statuses(home, watches)
            running = any(each.running for each in found)
            lines = [json.dumps([each.to_json() for each in found])] if as_json else status_lines(found, out.width)
            if table:
                table.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True)
            elif lines != before and (running or as_json):
                out.print("\n".join(lines), markup=False, soft_wrap=True)
            if not running:
                return found, damaged
            before = lines
            time.sleep(ALL_S if table or as_json else PIPED_S)


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


@app.command(cls=Command)
def status(
    name: NameOrAll = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Show it live until it stops running.")] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Show sweeps: state, trials, best score, CPUs and GPUs in use, time left."""
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
            out.print(f"\non {known}:", markup=False)
            _ask_kindly(["status"], known)
    raise typer.Exit(code)


@app.command(cls=Command)
def logs(
    name: Name,
    *,
    trial: Annotated[
        int | None, typer.Option(metavar="N", help="Show one trial only, with the details of its error.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Keep printing until the sweep stops running.")] = False,
    address: Address = None,
) -> None:
    """Show what has happened in a sweep, in order of time: parameters, epochs and end of each trial."""
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        of_trial = [] if trial is None else ["--trial", str(trial)]
        _ask(["logs", name, *of_trial, *_flags(follow=follow)], place)

    raise typer.Exit(show_logs(name, trial=trial, follow=follow, out=out))


@app.command(cls=Command)
def stop(
    name: Name,
    *,
    now: Annotated[bool, typer.Option("--now", help="Stop at once, without testing the best trial.")] = False,
    address: Address = None,
) -> None:
    """Stop a sweep early; its best trial becomes the model.

    Running trials finish their current epoch; then the best trial is tested and registered.
    """
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        _ask(["stop", name, *_flags(now=now)], place)
    from tuner.sweeps import control  # noqa: PLC0415

    raise typer.Exit(control.stop(name, now=now, err=err))


@app.command(cls=Command)
def pause(name: Name, *, address: Address = None) -> None:
    """Stop a sweep with all its trials saved; `tuner resume NAME` continues it."""
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        _ask(["pause", name], place)
    from tuner.sweeps import control  # noqa: PLC0415

    raise typer.Exit(control.pause(name, err=err))


@app.command(cls=Command)
def sync(
    name: NameOrAll = None,
    *,
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help="Upload even if the sweep was started with a different MLflow server.")
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Upload to MLflow what is missing after its server was unreachable: trials, epochs, the model, the report.

    Without a name, this is done for all sweeps in the folder of sweeps, or on the cluster of --address.

    A sweep that is running is left out, since it uploads everything itself.

    The exit status is 3 when MLflow still lacks a part.
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
