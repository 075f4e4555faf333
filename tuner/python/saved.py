"""Loads what the winner of a sweep of a user's own code has saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tuner.core import code_import
from tuner.core.errors import TunerError
from tuner.core.kept_code import KeptCode, is_kept
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.program_finish import KEPT_STATE
from tuner.training.own_state import from_bytes


def load_saved(folder: Path) -> Any:
    """The state in a sweep's folder. Its classes are those of the code as it was when the sweep began.

    Raises:
        TunerError: there is none.
    """
    place, code = SweepFolder(folder), SweepFolder(folder).code
    try:
        pickled = (place.model / KEPT_STATE).read_bytes()
    except OSError:
        why = "its best trial has not called trial.save" if place.result.exists() else "it is not finished"
        raise TunerError(f"{folder.name} has no saved state: {why}") from None
    if is_kept(code):
        code_import.load(KeptCode.open(code))
    return from_bytes(pickled)
