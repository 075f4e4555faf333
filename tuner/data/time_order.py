"""The moments of a table's rows, by which they are divided: earlier rows train, later ones validate and test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from tuner.core.errors import TunerError, quoted
from tuner.core.units import counted
from tuner.data.cells import Cells, columns_of, texts_of
from tuner.data.centuries import LATEST, choose_latest
from tuner.data.column_statistics import known_texts
from tuner.data.column_values import Numbers, read_dates, read_numbers
from tuner.data.dates import choose_order, to_datetime
from tuner.data.grouping import Mask
from tuner.data.number_text import choose_style

ENOUGH = 0.95  # of the cells must be moments; the others are missing ones


@dataclass(frozen=True)
class Moments:
    """When the rows of a table were."""

    values: Numbers
    """(rows,) days since 1970, or whatever the numbers of the column count. NaN where there is none."""
    show: Callable[[float], str]
    """A moment for people."""
    notes: tuple[str, ...] = ()


def read_moments(cells: pd.Series, source: str) -> Moments:
    """The moments of a column of dates, with or without times, or of numbers, such as years.

    Raises:
        TunerError: the column holds something else.
    """
    texts = texts_of(next(columns_of(cells.to_frame(), [0])))
    known = known_texts(texts)
    order = choose_order(known)
    if known and order.read >= ENOUGH * known.total():
        latest = choose_latest(order.short_years, datetime.now(UTC).year) if order.short_years else LATEST
        days, _ = read_dates(texts, order.order, latest=latest)
        return Moments(days, _day, _doubt(cells.name, texts, days) if order.ambiguous else ())
    style = choose_style(known)
    if known and style.read >= ENOUGH * known.total():
        numbers, _ = read_numbers(texts, style.style)
        return Moments(numbers, lambda number: f"{number:.10g}")
    shown = quoted(next(iter(known))) if known else "nothing"
    must = f"it must hold dates such as 2025-01-31, or numbers, and has {shown}"
    raise TunerError(f"{source}: --time {cells.name}: {must}")


def cut(moments: Numbers, share: float) -> Mask:
    """(samples,) which samples are held out: the latest, about `share` of them. No moment is on both sides.

    All is False where there is only one moment.
    """
    each, counts = np.unique(moments, return_counts=True)
    if len(each) < 2:
        return np.zeros(len(moments), dtype=bool)
    later = np.cumsum(counts[::-1])[::-1][1:]  # how many samples there are from each moment on
    begin = each[1:][np.abs(later - share * len(moments)).argmin()]
    held: Mask = moments >= begin
    return held


def count_text(moments: Numbers) -> str:
    """`3 moments`, of those that differ."""
    return counted(len(np.unique(moments)), "moment")


def _day(days: float) -> str:
    return to_datetime(days).isoformat(sep=" ").removesuffix(" 00:00:00")


def _doubt(name: object, texts: Cells, days: Numbers) -> tuple[str, ...]:
    row = int(np.flatnonzero(~np.isnan(days))[0])
    read = f"{quoted(texts[row])} is read as the date {_day(days[row])}, which the column leaves open"
    return (f"column '{name}': {read}",)
