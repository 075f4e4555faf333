"""The names that sweeps may have, and taking one."""

from __future__ import annotations

import errno
import re
import shutil
from dataclasses import replace
from pathlib import Path

from tuner import catalog
from tuner.address import FOLDER as SUBMITTED
from tuner.config import SweepConfig
from tuner.errors import TunerError
from tuner.shipment import FOLDER as UPLOADS

RESERVED = ("mlflow.db", "artifacts", "pictures", SUBMITTED, UPLOADS)
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(name: str) -> None:
    """Raises TunerError when a sweep cannot be called like this."""
    if not _FORM.fullmatch(name):
        raise TunerError(f"--name '{name}': use letters, digits, '.', '_' and '-', at most 100, the first no sign")
    if catalog.is_pair(name):
        raise TunerError(f"--name '{name}': so the best model of that pair is called: choose another")
    if name in RESERVED:
        raise TunerError(f"--name '{name}': {', '.join(RESERVED)} mean something else there: choose another")


def claim(config: SweepConfig, home: Path, *, fixed: bool) -> tuple[SweepConfig, Path]:
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
