"""Making the folder of a new sweep, whose name no other process may take."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError


def claim_folder(
    config: SweepConfig, home: Path, *, fixed: bool, also: Callable[[Path], None] = lambda _: None
) -> tuple[SweepConfig, Path]:
    """Creates the sweep's folder together with its sweep.json, so that it never exists half made.

    `also` writes what else belongs into it. A name that is not `fixed` gets the next number if another process was
    faster.

    Raises:
        TunerError: the fixed name is taken.
    """
    scratch = home / f".{config.uid}"
    scratch.mkdir()
    try:
        also(scratch)
        while True:
            config.save(scratch)
            config.keep_code(scratch)
            if _rename(scratch, home / config.name):
                return config, home / config.name
            if fixed:
                raise TunerError(f"--name '{config.name}' is taken: choose another")
            stem, number = config.name.rsplit("-", 1)
            config = replace(config, name=f"{stem}-{int(number) + 1}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rename(folder: Path, to: Path) -> bool:
    """Returns False when something is there already."""
    try:
        folder.rename(to)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True
