"""How each column of a table is read: one decision for the column, made from all its text before the data is split.

Statistics alone come from the training rows: the mean that replaces missing values, and which categories there are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tuner.data.categories import Categories, join_spellings
from tuner.data.cells import Cells, columns_of, texts_of
from tuner.data.column_doubts import are_sentences, may_be_none, why_not
from tuner.data.column_notes import ColumnNotes
from tuner.data.column_statistics import Rows, known_texts, mean_or_reason, strays
from tuner.data.column_values import ColumnTexts, Numbers, read_numbers
from tuner.data.date_columns import date_column
from tuner.data.dates import choose_order
from tuner.data.missing import EVERYWHERE, is_missing
from tuner.data.number_text import LARGEST, PLAIN, StyleChoice, choose_style, simple_numbers
from tuner.data.spec import Column
from tuner.data.time_columns import time_column
from tuner.data.times import choose_clock

ENOUGH = 0.95  # where at least this share of the cells are numbers, dates or times, the others are missing values
MAX_CATEGORIES = 50  # per column; rarer ones become zeros
_POINTS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")  # the points may separate thousands


@dataclass(frozen=True)
class FittedColumns:
    """How the columns of a table are read."""

    columns: tuple[Column, ...]
    left_out: tuple[str, ...]
    """A line for each column that a model cannot learn from."""
    notes: tuple[str, ...]
    """A line for each thing that reading guesses, changes or drops, with an example."""


def fit_columns(table: pd.DataFrame, training: Rows) -> FittedColumns:
    """How each column is read.

    A column is of numbers, of dates or of times, where at least 95 % of its cells are, apart from missing ones. Any
    other column has a feature for each of its 50 most frequent categories.

    Args:
        table: all rows, of text.
        training: the positions of the rows of the training split.
    """
    names = [str(name).strip() for name in table.columns]
    texts = map(texts_of, columns_of(table, range(len(names))))
    cells = [ColumnTexts(of_column, simple_numbers(of_column, PLAIN)) for of_column in texts]
    choices = [_choose(of_column) for of_column in cells]
    if _commas_are_decimal(choices, cells):
        open_ones = [choice and (choice.ambiguous or choice.style == PLAIN) for choice in choices]
        again = zip(cells, choices, open_ones, strict=True)
        choices = [_choose(of_column, comma=True) if is_open else choice for of_column, choice, is_open in again]
    notes = ColumnNotes()
    columns, left_out = [], []
    for name, of_column, choice in zip(names, cells, choices, strict=True):
        found = _fit(name, of_column, choice, training, notes)
        if isinstance(found, Column):
            columns.append(found)
        else:
            left_out.append(f"column '{name}' left out: {found}")
    return FittedColumns(tuple(columns), tuple(left_out), notes.lines())


def _choose(column: ColumnTexts, *, comma: bool = False) -> StyleChoice | None:
    """How the numbers of a column are written; None where it has too few."""
    texts = column.texts
    with_points = comma and any("." in text for text in texts)
    plain = np.abs(column.plain) <= LARGEST
    if plain.any() and not with_points and all(map(is_missing, set(texts[~plain].tolist()))):
        return StyleChoice(PLAIN, int(plain.sum()), ambiguous=False)
    known = known_texts(texts)
    choice = choose_style(known, comma=comma)
    return choice if known and choice.read >= ENOUGH * known.total() else None


def _commas_are_decimal(choices: Sequence[StyleChoice | None], columns: Sequence[ColumnTexts]) -> bool:
    """Whether a column shows that commas are decimal in this table, and no column shows that points are."""
    sure = [choice.style for choice in choices if choice and not choice.ambiguous]
    if all(style.decimal == "." for style in sure) or any(style.thousands == "," for style in sure):
        return False
    plain = [column.texts for choice, column in zip(choices, columns, strict=True) if choice and choice.style == PLAIN]
    return all(_POINTS.fullmatch(text) or is_missing(text) for texts in plain for text in texts if "." in text)


def _fit(
    name: str, column: ColumnTexts, choice: StyleChoice | None, training: Rows, notes: ColumnNotes
) -> Column | str:
    """How a column is read, or why it is left out."""
    if not name:
        return "it has no name"  # pandas writes row numbers like this
    texts = column.texts
    first = texts[0]
    if (texts == first).all():
        return "all its cells are the same" if first else "it is empty"
    if choice:
        return _number_column(name, column, choice, training, notes)
    known = known_texts(texts)
    order = choose_order(known)
    if known and order.read >= ENOUGH * known.total():
        return date_column(name, texts, order, training, notes)
    clock = choose_clock(known)
    if known and clock.read >= ENOUGH * known.total():
        return time_column(name, texts, clock, training, notes)
    return _category_column(name, texts, training, notes)


def _number_column(
    name: str, column: ColumnTexts, choice: StyleChoice, training: Rows, notes: ColumnNotes
) -> Column | str:
    style, texts = choice.style, column.texts
    numbers, broken = read_numbers(texts, style, plain=column.plain)
    known = numbers[~np.isnan(numbers)]
    if known.min() == known.max():
        return "all its numbers are the same"
    if _counts_rows(known):
        return "it numbers the rows: where a table is sorted by class, it would give the class away"
    fill = mean_or_reason(numbers[training])
    if isinstance(fill, str):
        return fill
    notes.numbers(name, column, choice)
    notes.sentinel(name, numbers)
    notes.missing(name, texts, np.isnan(numbers))
    for kind, line in may_be_none(name, texts, numbers):
        notes.add(kind, name, line)
    return Column(
        name=name,
        fill=fill,
        missing=strays(texts[broken]),
        decimal=style.decimal,
        thousands=style.thousands,
        unit=style.unit,
        scaled=style.scaled,
    )


def _category_column(name: str, texts: Cells, training: Rows, notes: ColumnNotes) -> Column | str:
    counts = Counter({text: count for text, count in Counter(texts.tolist()).items() if text not in EVERYWHERE})
    if not counts:
        return "all its cells are missing"
    groups = join_spellings(counts)
    why = why_not(counts)
    if counts.total() < 2 * len(groups):
        what = f"{len(groups)} different texts in {counts.total()} cells"
        if not why and are_sentences(groups):
            why = "texts of several words, which text:PATH --text COLUMN learns from"
        return f"{what} ({why})" if why else what
    categories = Categories(list(groups))
    there = Counter(categories.places(texts[training].tolist()))
    found = {categories.names[place]: count for place, count in there.items() if place >= 0}
    if not found:
        return "it is empty in the training split"
    if len(found) == 1 and there.total() == max(found.values()):
        return "all its cells are the same in the training split"
    names = sorted(found, key=lambda category: (-found[category], category))[:MAX_CATEGORIES]
    notes.categories(name, groups, kept=len(names), known=len(found))
    notes.missing(name, texts, np.array([text in EVERYWHERE for text in texts]))
    if why:
        notes.add("mixed", name, f"read as categories: {why}")
    return Column(name=name, categories=tuple(sorted(names)))


def _counts_rows(numbers: Numbers) -> bool:
    """Whether they are whole numbers that rise from row to row, which ten rows of a measurement do not do by chance."""
    return len(numbers) >= 10 and bool((np.diff(numbers) > 0).all() and (numbers % 1 == 0).all())
