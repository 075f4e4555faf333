"""`tuner rename`: gives a sweep another name, in its folder and in MLflow.

The folder is renamed in one step, with a note of its earlier name in it. While the note is there the rest is to be
done: after a kill the same command does it, and each step may be repeated.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.files import read_checked_json, write_atomic, write_checked_json
from tuner.core.slurm_files import forget_submission
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.core.sweep_name import check_sweep_name
from tuner.sweeps.drawing import alone
from tuner.sweeps.lock import is_running, lock_for_sync
from tuner.sweeps.model_lookup import store_with_models
from tuner.tracking.renaming import rename_runs
from tuner.tracking.retry import error_cause, is_mlflow_error, retry
from tuner.tracking.store import Store

_NOTE = "renamed-from.json"


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """What was done."""

    before: str
    sweep: str
    """The name from now on."""
    runs: int
    """How many runs in MLflow have it now that had the earlier one."""
    report: bool
    """Whether there is a report, which shows the earlier name until it is made again."""
    unfinished: str = ""
    """Why MLflow still has the earlier name in places."""


def rename(old: str, new: str, home: Path) -> Renamed:
    """Renames a sweep, or goes on where that was interrupted.

    Raises:
        TunerError: the sweep does not exist or runs, the name is taken or impossible, or MLflow is not the one that
            the sweep began with.
    """
    if _note_in(home / new).get("from") != old:
        _check(old, new, home)
        with lock_for_sync(home / old), alone(SweepFolder(home / old)):  # who draws its report knows the old place
            note = json.dumps({"from": old, "began": SweepFolder(home / old).config.stat().st_mtime_ns})
            write_atomic(home / old / _NOTE, lambda file: file.write(note.encode()))
            try:
                (home / old).rename(home / new)
            except OSError as error:
                (home / old / _NOTE).unlink(missing_ok=True)
                raise TunerError(f"{home / old} cannot be renamed: {error.strerror}") from None
    forget_submission(home, old)
    with lock_for_sync(home / new):
        return _go_on(old, SweepFolder(home / new))


def _check(old: str, new: str, home: Path) -> None:
    config = known_sweep(old, home)
    try:
        check_sweep_name(new)
    except TunerError as error:
        raise TunerError(str(error).removeprefix("--name ")) from None
    if (home / new).exists():
        raise TunerError(f"'{new}' is taken: choose another name")
    if is_running(home / old):
        raise TunerError(f"{old} is running: first end it with tuner stop {old} or tuner pause {old}")
    if config.storage and (config.program is not None or not _is_registered(SweepFolder(home / old))):
        raise TunerError(f"{old} has checkpoints in {config.storage} under this name")
    store = Store.of(home)
    store.check_begun(config)
    store.check()


def _is_registered(folder: SweepFolder) -> bool:
    """Whether its model is: its checkpoints are deleted then."""
    try:
        return bool(json.loads(folder.result.read_text(encoding="utf-8"))["model"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _note_in(folder: Path) -> dict[str, Any]:
    """What is noted while a renaming is not at its end: the earlier name, and when sweep.json was written, in ns."""
    try:
        return dict(json.loads((folder / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _go_on(old: str, folder: SweepFolder) -> Renamed:
    """Puts the name into the folder's files and into MLflow. The caller holds the sweep's lock."""
    config = replace(SweepConfig.load(folder.path), name=folder.name)
    began = int(_note_in(folder.path)["began"])
    config.save(folder.path)
    os.utime(folder.config, ns=(began, began))  # sweeps are listed by it
    for result in (folder.result, folder.earlier_result):
        _rename_in(result, folder)
    runs, unfinished = 0, ""
    try:
        store = store_with_models(folder.home)
        runs = retry(lambda: rename_runs(store, config)) if store else 0
        (folder.path / _NOTE).unlink()
    except Exception as error:
        if not isinstance(error, TunerError) and not is_mlflow_error(error):
            raise
        unfinished = str(error) if isinstance(error, TunerError) else error_cause(error)
    report = folder.report_page.exists()
    return Renamed(before=old, sweep=folder.name, runs=runs, report=report, unfinished=unfinished)


def _rename_in(result: Path, folder: SweepFolder) -> None:
    """Puts the name and the places into a result. One that is damaged or missing stays as it is."""
    with suppress(OSError, ValueError):
        known = read_checked_json(result)
        before = str(known.get("folder"))  # the home folder may have been moved as well
        moved = {
            key: f"{folder.path}{value.removeprefix(before)}"
            for key, value in known.items()
            if isinstance(value, str) and (value == before or value.startswith(f"{before}/"))
        }
        write_checked_json(result, {**known, "sweep": folder.name, **moved})
