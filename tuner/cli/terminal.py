"""Runs a sweep for a person at a terminal: prints its end and gives the exit status."""

from __future__ import annotations

import json
import traceback
from functools import partial
from pathlib import Path

from rich.console import Console

from tuner.cli.sweep_tables import print_outcome
from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError, TunerError, disk_error_text, disk_sweep_error, printable
from tuner.core.files import tuner_home
from tuner.core.outcome import UNSENT, Outcome
from tuner.core.sweep_folder import ERROR_FILE, write_error
from tuner.core.units import counted
from tuner.execution.signals import Stop
from tuner.sweeps.finalize import read_outcome
from tuner.sweeps.inputs import SweepInputs
from tuner.tracking.store import Store


def announcement(config: SweepConfig) -> str:
    """The first line of a sweep."""
    trials = "one trial" if config.trials == 1 else f"{config.trials} trials"
    size = counted(config.epochs, "epoch")
    if config.trials > 1:
        size = f"at most {size} each, {config.concurrency} at a time"
    return f"[bold]{config.name}[/bold]: {trials} of {config.model} on {config.source.name}, {size}"


def detach_sweep(config: SweepConfig, *, as_json: bool, out: Console, err: Console) -> int:
    from tuner.sweeps.control import detach  # noqa: PLC0415

    code = detach(config.name, err=err)
    if as_json:
        out.print_json(json.dumps({"sweep": config.name, "folder": str(tuner_home() / config.name)}))
    return code


def run_sweep(
    config: SweepConfig, materials: SweepInputs, folder: Path, *, as_json: bool, out: Console, err: Console
) -> int:
    """Runs what is left of a sweep. Returns the exit status. Raises TunerError when another process runs it."""
    from tuner.sweeps.run import SweepRun  # noqa: PLC0415 - imports Ray, which takes a while

    for note in materials.splits.notes:
        err.print(printable(note), markup=False, soft_wrap=True)
    (folder / ERROR_FILE).unlink(missing_ok=True)
    store, stop = Store.of(folder.parent), Stop()
    tell = partial(_tell, store=store, stop=stop, as_json=as_json, out=out, err=err)
    try:
        outcome = SweepRun(config, materials, folder, store, err, stop, leave=tell).run()
    except TunerError:
        raise
    except KeyboardInterrupt:
        return _stopped(config, stop, err)
    except Exception as error:
        err.print(f"error: {_noted(error, config, folder)}", markup=False, soft_wrap=True)
        return 1
    return tell(outcome)


def print_again(config: SweepConfig, folder: Path, *, as_json: bool, out: Console, err: Console) -> int:
    """Prints what a finished sweep has come to. Returns its exit status."""
    outcome = read_outcome(config, folder)
    return _tell(outcome, store=Store.of(folder.parent), stop=Stop(), as_json=as_json, out=out, err=err)


def _tell(outcome: Outcome, *, store: Store, stop: Stop, as_json: bool, out: Console, err: Console) -> int:
    """Prints what the sweep has come to, finished or not. Returns the exit status."""
    if as_json:
        out.print_json(json.dumps(outcome.to_json()))
    else:
        print_outcome(outcome, store, out)
    if outcome.unsent:
        saved = outcome.winner is not None and outcome.winner.model is None
        model = "the model is tested and saved, not registered; " if saved else ""
        again = f"to send what is left: tuner sync {outcome.config.name}"
        err.print(f"warning: {model}MLflow lacks a part ({outcome.unsent}); {again}", markup=False, soft_wrap=True)
    if outcome.winner is None:
        return _stopped(outcome.config, stop, err)
    return UNSENT if outcome.unsent else 0


def _stopped(config: SweepConfig, stop: Stop, err: Console) -> int:
    err.print(f"stopped ({stop.name}); to go on: tuner resume {config.name}", markup=False, soft_wrap=True)
    return stop.status


def _noted(error: Exception, config: SweepConfig, folder: Path) -> str:
    """The error in one line; what `tuner status` and `logs` show of it is written."""
    if disk_error_text(error):
        error = disk_sweep_error(disk_error_text(error), config.name)
    details = str(error) if isinstance(error, SweepError) else traceback.format_exc().rstrip()
    write_error(folder, details)
    if isinstance(error, SweepError):
        return str(error)
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    kept = f"all trials so far are kept; details in {folder / ERROR_FILE}; to go on: tuner resume {config.name}"
    return f"{reason}; {kept}"
