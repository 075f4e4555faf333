"""A column of dates: which century its years are in, which dates stand for none, and what is told about that."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from tuner.core.errors import quoted
from tuner.data.cells import Cells
from tuner.data.centuries import LATEST, choose_latest
from tuner.data.column_notes import ColumnNotes
from tuner.data.column_statistics import Rows, mean_or_reason, strays
from tuner.data.column_values import read_dates
from tuner.data.date_sentinels import Sentinels, find_sentinels
from tuner.data.dates import PARTS, OrderChoice, date_features, is_short, parse_date, to_datetime
from tuner.data.spec import Column

_FIRST = {"dmy": "the day", "mdy": "the month", "ymd": "the year"}


def date_column(name: str, cells: Cells, choice: OrderChoice, training: Rows, notes: ColumnNotes) -> Column | str:
    """How a column of dates is read, or why it is left out.

    Args:
        name: of the column.
        cells: (rows,) its texts.
        choice: what comes first in its dates.
        training: the positions of the rows of the training split.
        notes: takes what is guessed or changed.
    """
    order = choice.order
    short = choice.short_years
    latest = choose_latest(short, datetime.now(UTC).year) if short else LATEST
    days, broken = read_dates(cells, order, latest=latest)
    no_dates = np.isnan(days)
    sentinels = find_sentinels(days)
    days = sentinels.removed(days)
    fill = mean_or_reason(days[training], "date")
    if isinstance(fill, str):
        return fill
    known = days[training][~np.isnan(days[training])]
    features = date_features(known, PARTS)
    parts = tuple(part for part, values in zip(PARTS, features.T, strict=True) if values.min() < values.max())
    _note_reading(name, cells, choice, latest, parts, notes)
    _note_sentinels(name, sentinels, notes)
    notes.missing(name, cells, no_dates)
    missing = (*sentinels.missing, *strays(cells[broken]))
    return Column(name=name, fill=fill, missing=missing, date_order=order, latest_year=latest, parts=parts)


def _note_reading(
    name: str, cells: Cells, choice: OrderChoice, latest: int, parts: tuple[str, ...], notes: ColumnNotes
) -> None:
    """How dates are read, what they become, and which century they are in."""

    def day(text: str) -> datetime | None:
        found = parse_date(text, choice.order, latest)
        return None if found is None else to_datetime(found)

    text, first = next((text, found) for text in cells if (found := day(text)) is not None)
    doubt = f" ({_FIRST[choice.order]} first, which the column leaves open)" if choice.ambiguous else ""
    shown = first.isoformat(sep=" ").removesuffix(" 00:00:00")
    what = f"{quoted(text)} is read as the date {shown}{doubt} and becomes {', '.join(parts)}"
    notes.add("doubtful date" if doubt else "date", name, what)
    if not choice.short_years:
        return
    short = {text: found for text in set(cells.tolist()) if is_short(text) and (found := day(text)) is not None}
    ends = [pick(short, key=short.__getitem__) for pick in (min, max)] if short else []
    if ends:
        years = " to ".join(f"{short[text].year}" for text in ends)
        examples = " and ".join(f"{quoted(text)} for {short[text]:%Y-%m-%d}" for text in ends)
        what = f"years of two digits are taken for {years}, such as {examples}: write four digits if that is wrong"
        notes.add("century", name, what)


def _note_sentinels(name: str, found: Sentinels, notes: ColumnNotes) -> None:
    for day, count in found.missing.items():
        cells = "1 cell is" if count == 1 else f"{count} cells are"
        notes.add("no date", name, f"{cells} {day}, far from the others, and taken as missing")
    for day, count in found.doubtful.items():
        outside = "outside of all the others: leave them empty if that means a missing value"
        notes.add("doubtful day", name, f"{count} cells are {day}, {outside}")
