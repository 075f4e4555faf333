"""A sweep's folder: its name and the names of the files in it."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tuner.core import catalog
from tuner.core.config import CONFIG_FILE, SweepConfig
from tuner.core.errors import TunerError, unknown
from tuner.core.files import write_atomic
from tuner.core.records import TrialRecord, best_of


def known_sweep(name: str, home: Path) -> SweepConfig:
    """The configuration of a sweep in `home`. Raises TunerError with the nearest names when there is none."""
    known = sweep_names(home)
    if not known:
        raise TunerError(f"there are no sweeps in {home}: begin one with tuner sweep, or set TUNER_HOME")
    if name not in known:
        raise unknown("sweep", name, known)
    return SweepConfig.load(home / name)


def sweep_names(home: Path) -> list[str]:
    """The names of the sweeps in `home`, oldest first."""
    if not home.is_dir():
        return []
    found = [path for path in home.iterdir() if (path / CONFIG_FILE).is_file() and not path.name.startswith(".")]
    return [path.name for path in sorted(found, key=lambda path: (path / CONFIG_FILE).stat().st_mtime)]


RESERVED = ("mlflow.db", "artifacts", "pictures", SUBMITTED_FOLDER, UPLOADS_FOLDER)


_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_sweep_name(name: str) -> None:
    """Raises TunerError when a sweep cannot be called like this."""
    if not _FORM.fullmatch(name):
        raise TunerError(f"--name '{name}': use letters, digits, '.', '_' and '-', at most 100, the first no sign")
    if catalog.is_pair(name):
        raise TunerError(f"--name '{name}': so the best model of that pair is called: choose another")
    if name in RESERVED:
        raise TunerError(f"--name '{name}': {', '.join(RESERVED)} mean something else there: choose another")


def claim_folder(config: SweepConfig, home: Path, *, fixed: bool) -> tuple[SweepConfig, Path]:
    """Makes the sweep's folder, with its sweep.json in it from the first moment: there is nothing half begun.

    A name that is not `fixed` moves on to the next number if another process was faster.

    Raises:
        TunerError: the fixed name is taken.
    """
    scratch = home / f".{config.uid}"
    scratch.mkdir()
    try:
        while True:
            config.save(scratch)
            if _rename(scratch, home / config.name):
                return config, home / config.name
            if fixed:
                raise TunerError(f"--name '{config.name}' is taken: choose another")
            stem, number = config.name.rsplit("-", 1)
            config = replace(config, name=f"{stem}-{int(number) + 1}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rename(folder: Path, to: Path) -> bool:
    """False when there is something already."""
    try:
        folder.rename(to)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True


def write_error_details(folder: Path, number: int, details: str) -> None:
    """Writes what there is to know of a trial's failure beside its reason, such as a traceback."""
    path = folder / f"{number:04d}-error.txt"
    with suppress(OSError):  # without them the trial's reason is known all the same
        if details:
            write_atomic(path, lambda file: file.write(details.encode()))


def delete_checkpoints(folder: Path, records: Sequence[TrialRecord]) -> None:
    """Deletes the checkpoints of ended trials, all but the best one's."""
    ended = [record for record in records if record.ended]
    best = best_of(ended)
    for record in ended:
        if best is None or record.number != best.number:
            shutil.rmtree(checkpoint_folder(folder, record.number), ignore_errors=True)


JOURNAL_FILE = "study.log"


RESULT_FILE = "result.json"


def checkpoint_folder(trials_folder: Path, number: int) -> Path:
    """The folder of a trial's checkpoints."""
    return trials_folder / f"{number:04d}"


PREDICTIONS_FILE = "predictions.safetensors"


SUBMITTED_FOLDER = "submitted"  # in the home folder: a file for each sweep that was submitted to a cluster


UPLOADS_FOLDER = "uploads"


REPORT_FOLDER, REPORT_PAGE = "report", "report.html"


LOCK_FILE, DRIVER_FILE = "lock", "driver.json"


SYNC_LOCK_FILE = "sync.lock"  # held by a process that does not run the sweep, but needs it unchanged


ORDER_FILE, GATE_FILE = "order", "order.lock"


ERROR_FILE = "error.txt"


def write_error(folder: Path, text: str) -> None:
    """Says why a sweep has failed, for `tuner status` and `logs`. A disk that does not take it is no other error."""
    with suppress(OSError):
        write_atomic(folder / ERROR_FILE, lambda file: file.write(f"{text}\n".encode(errors="replace")))


OUTPUT_FILE = "output.txt"  # what a sweep in the background prints


MODEL_FOLDER = "model"  # the folder of the winner in a sweep's folder
