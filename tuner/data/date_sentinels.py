"""Dates that stand for none: 0000-00-00, or 9999-12-31 and 1900-01-01 where they are far from the other dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuner.data.dates import to_days

FAR = 3  # times the range of the other dates
LEAST_RANGE = 3650.0  # days
_BY_PROGRAMS = [
    (1, 1, 1),  # .NET, Python
    (1601, 1, 1),  # Windows
    (1753, 1, 1),  # SQL Server
    (1899, 12, 30),  # Excel
    (1899, 12, 31),
    (1900, 1, 1),
    (1904, 1, 1),  # Excel on old Macs
    (1970, 1, 1),  # Unix
    (2099, 12, 31),
    (2999, 12, 31),
    (9999, 1, 1),
    (9999, 12, 31),  # SAP, databases
]
_SENTINELS = {to_days(date(*parts)): date(*parts).isoformat() for parts in _BY_PROGRAMS}


class Sentinels(NamedTuple):
    """Dates as ISO 8601 writes them, with the number of cells that have each."""

    missing: Mapping[str, int]
    """Far from all other dates, so that they cannot be meant."""
    doubtful: Mapping[str, int]
    """Before or after all other dates."""

    def removed(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """The days of the column with NaN in place of those that are missing, whatever time is with them."""
        none_meant = [to_days(date.fromisoformat(day)) for day in self.missing]
        return np.where(np.isin(np.floor(days), none_meant), np.nan, days)


def find_sentinels(days: NDArray[np.float64]) -> Sentinels:
    """Those of a column.

    Args:
        days: (rows,) since 1970; NaN where there is none.
    """
    whole = np.floor(days)
    is_sentinel = np.isin(whole, list(_SENTINELS))
    others = whole[~is_sentinel & ~np.isnan(days)]
    missing: dict[str, int] = {}
    doubtful: dict[str, int] = {}
    if not len(others) or not is_sentinel.any():
        return Sentinels(missing, doubtful)
    first, last = float(others.min()), float(others.max())
    for day in map(float, np.unique(whole[is_sentinel])):
        count = int((whole == day).sum())
        apart = max(first - day, day - last)
        if apart > FAR * max(last - first, LEAST_RANGE):
            missing[_SENTINELS[day]] = count
        elif apart > 0 and count > 1:
            doubtful[_SENTINELS[day]] = count
    return Sentinels(missing, doubtful)
