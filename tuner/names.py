"""The names that sweeps may have."""

from __future__ import annotations

import re

from tuner import catalog
from tuner.address import FOLDER as SUBMITTED
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
