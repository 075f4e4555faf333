"""How a sweep may be called."""

from __future__ import annotations

import re

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import RESERVED

_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_sweep_name(name: str) -> None:
    """Raises TunerError when a sweep cannot have this name."""
    if not _FORM.fullmatch(name):
        raise TunerError(
            f"--name '{name}': use at most 100 letters, digits, '.', '_' or '-', and begin with a letter or digit"
        )
    if catalog.is_pair(name):
        raise TunerError(f"--name '{name}': that is the name of a pair's registered model: choose another")
    if name in RESERVED:
        raise TunerError(f"--name '{name}': {', '.join(RESERVED)} are reserved: choose another")
