"""JSON has no NaN and no infinity: they are null there."""

from __future__ import annotations

import math
from typing import Any


def finite(value: Any) -> Any:
    """The same value, of plain data, with None for each number that is NaN or infinite. Tuples become lists.

    >>> finite({"loss": float("nan"), "interval": (0.5, float("inf"))})
    {'loss': None, 'interval': [0.5, None]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value
