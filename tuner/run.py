"""Runs a sweep in this process, and prints what became of it."""

from __future__ import annotations

import json
import traceback
from functools import partial
from pathlib import Path

from rich.console import Console

from tuner.config import SweepConfig
from tuner.disk import trouble
from tuner.errors import TunerError, shown
from tuner.materials import Materials
from tuner.outcome import UNSENT, Outcome, SweepError, disk_error, read_outcome
from tuner.signals import Stop
from tuner.status import ERROR_FILE, note_error
from tuner.store import Store
from tuner.summary import print_outcome


def run(config: SweepConfig, materials: Materials, folder: Path, *, as_json: bool, out: Console, err: Console) -> int:
    """Runs what is left of a sweep. Returns the exit status. Raises TunerError when another process runs it."""
    from tuner.sweep import Sweep  # noqa: PLC0415 - imports Ray, which takes a while

    for note in materials.splits.notes:
        err.print(shown(note), markup=False, soft_wrap=True)
    (folder / ERROR_FILE).unlink(missing_ok=True)
    store, stop = Store.of(folder.parent), Stop()
    tell = partial(_tell, store=store, stop=stop, as_json=as_json, out=out, err=err)
    try:
        outcome = Sweep(config, materials, folder, store, err, stop, leave=tell).run()
    except TunerError:
        raise
    except KeyboardInterrupt:
        return _stopped(config, stop, err)
    except Exception as error:
        err.print(f"error: {_noted(error, config, folder)}", markup=False, soft_wrap=True)
        return 1
    return tell(outcome)


def again(config: SweepConfig, folder: Path, *, as_json: bool, out: Console, err: Console) -> int:
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
    if trouble(error):
        error = disk_error(trouble(error), config.name)
    details = str(error) if isinstance(error, SweepError) else traceback.format_exc().rstrip()
    note_error(folder, details)
    if isinstance(error, SweepError):
        return str(error)
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    kept = f"all trials so far are kept; details in {folder / ERROR_FILE}; to go on: tuner resume {config.name}"
    return f"{reason}; {kept}"
