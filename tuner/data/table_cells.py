"""A value of a workbook, a Parquet file or a frame as the text that a CSV file would have."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd


def cell_text(value: Any) -> str | None:
    """The text of a value, without spaces around it; empty for a missing one, None where there is no text for it.

    Whole numbers have no point, other numbers the fewest digits that give them back, times are in ISO 8601 and dates
    without a time if all of it is zero.

    >>> [cell_text(value) for value in (3.0, 0.1, True, None, " a ", datetime.datetime(2025, 1, 31))]
    ['3', '0.1', 'True', '', 'a', '2025-01-31']
    """
    text: str | None = None
    if isinstance(value, str):
        text = value.strip()
    elif value is None or value is pd.NA or value is pd.NaT:
        text = ""
    elif isinstance(value, bool | np.bool_):
        text = str(bool(value))
    elif isinstance(value, int | np.integer):
        text = str(int(value))
    elif isinstance(value, float | np.floating):
        text = _number_text(value)
    elif isinstance(value, Decimal):
        text = "" if value.is_nan() else f"{value:f}"
    elif isinstance(value, datetime.datetime):
        text = value.isoformat(sep=" ").removesuffix(" 00:00:00")
    elif isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        text = str(value)
    return text


def _number_text(value: float | np.floating[Any]) -> str:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return str(float(value))
    whole = int(value)
    return str(whole) if whole == value and abs(whole) < 1 << 53 else str(value)
