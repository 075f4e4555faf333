"""The commands that watch and control a sweep: status, logs, stop, pause, sync."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.console import Command, err, out, print_json
from tuner.cli.options import Address, AsJson, Name, NameOrAll, sweep_place
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError

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
    from tuner.cli import status as view  # noqa: PLC0415 - imports Optuna
    from tuner.cli.warm import print_up  # noqa: PLC0415
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.execution.jobs.address import clusters  # noqa: PLC0415

    known = [] if name or as_json else clusters(tuner_home())
    code = view.show_status(name, watch=watch, as_json=as_json, elsewhere=bool(known), out=out, err=err)
    if name is None and not as_json:
        print_up()
    for cluster in known:
        if cluster != known[0]:
            out.print()
        out.print(f"on {cluster}:", markup=False)
        _ask_kindly(["status"], cluster)
    raise typer.Exit(code)


@app.command(cls=Command)
def logs(
    name: Name,
    *,
    trial: Annotated[
        int | None, typer.Option(metavar="N", help="Show one trial only, with the details of its error.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Keep printing until the sweep stops running.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table: a row for each trial and epoch.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print that table as JSON.")] = False,
    parquet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write that table into a file.")] = None,
    address: Address = None,
) -> None:
    """Show what has happened in a sweep, in order of time: parameters, epochs and end of each trial.

    As a table it has a row for each trial and epoch, with its parameters and metrics, for your own analysis.

    Examples:  tuner logs digits-cnn-1 --trial 7   |   tuner logs digits-cnn-1 --csv > epochs.csv
    """
    prepare_environment()
    place = sweep_place(name, address)
    from tuner.cli import epochs_table  # noqa: PLC0415 - imports Optuna

    table = epochs_table.check_table(as_csv=as_csv, as_json=as_json, parquet=parquet, follow=follow, place=place)
    if place:
        of_trial = [] if trial is None else ["--trial", str(trial)]
        _ask(["logs", name, *of_trial, *_flags(follow=follow, csv=as_csv, json=as_json)], place)
    if table:
        epochs_table.print_rows(name, trial=trial, as_csv=as_csv, as_json=as_json, parquet=parquet, err=err)
        return
    from tuner.cli import status as view  # noqa: PLC0415 - imports Optuna

    raise typer.Exit(view.show_logs(name, trial=trial, follow=follow, out=out))


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

    control.stop(name, now=now)
    if now:
        err.print(f"{name} was stopped at once, every trial as it was last saved; to continue: tuner resume {name}")
    else:
        err.print(f"{name} stops: running trials finish their epoch, then the best trial is tested and registered")
        err.print(f"to watch it: tuner status {name} --watch")


@app.command(cls=Command)
def pause(name: Name, *, address: Address = None) -> None:
    """Stop a sweep with all its trials saved; `tuner resume NAME` continues it."""
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        _ask(["pause", name], place)
    from tuner.sweeps import control  # noqa: PLC0415

    control.pause(name)
    err.print(f"{name} saves its trials and stops; to continue: tuner resume {name}")


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
    from tuner.cli.printer import notes_of  # noqa: PLC0415
    from tuner.core.outcome import UNSENT  # noqa: PLC0415
    from tuner.sweeps import sync as syncing  # noqa: PLC0415 - imports MLflow

    done = []
    for each in syncing.sync(name, elsewhere=elsewhere, events=notes_of(err)):
        done.append(each)
        if not as_json:
            out.print(str(each), markup=False)
    if as_json:
        print_json([asdict(each) for each in done], out)
    raise typer.Exit(UNSENT if any(each.unsent for each in done) else 0)


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
