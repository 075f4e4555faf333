"""Rows of text become features, column by column, as fitted on the training split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.spec import Column
from tuner.data.tables import LINE

MAX_CATEGORIES = 50  # per column; rarer ones become zeros
NO_NUMBER = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})  # a missing cell in a numeric column


def fit_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """How each column is encoded, decided on training rows of text only; `left_out` explains the columns not listed.

    A column whose cells, apart from missing ones, are all finite numbers is one feature. Any other column has a feature
    for each of its 50 most frequent categories.
    """
    found = (_examine(frame, name) for name in frame.columns)
    return tuple(column for column in found if isinstance(column, Column))


def left_out(frame: pd.DataFrame) -> tuple[str, ...]:
    """A line for each column that `fit_columns` leaves out, since a model cannot learn from it."""
    found = {name: _examine(frame, name) for name in frame.columns}
    return tuple(f"column '{name}' left out: {why}" for name, why in found.items() if isinstance(why, str))


@dataclass(frozen=True)
class ExaminedRows:
    """Rows of text as features, with what a user should know about them."""

    features: Tensor
    """(rows, sum of the columns' widths) float64, since a time in seconds has more digits than a float32. A missing
    number is the column's `fill`, a missing or unknown category zeros. A bad row is filled likewise."""
    bad: tuple[tuple[int, str], ...]
    """The rows that cannot be read: the position of each, rising, and the reason without its place."""
    notes: tuple[str, ...]
    """A line for each column with categories that training did not know, counted and with an example."""


def examine_rows(frame: pd.DataFrame, columns: Sequence[Column], source: str) -> ExaminedRows:
    """The features of rows of text, where single rows may be bad.

    Args:
        frame: strings, missing ones empty. Columns that are not asked for are ignored.
        columns: how each column is encoded.
        source: where the rows come from, for errors.

    Raises:
        TunerError: a column is missing.
    """
    for column in columns:
        if column.name not in frame.columns:
            has = ", ".join(f"'{name}'" for name in frame.columns)
            raise TunerError(f"{source}: there is no column '{column.name}', the columns are {has}")
    bad: dict[int, str] = {}
    notes: list[str] = []
    blocks = [_encode(frame[column.name].str.strip(), column, bad, notes) for column in columns]
    features = torch.from_numpy(np.concatenate(blocks, axis=1, dtype=np.float64))
    return ExaminedRows(features, tuple(sorted(bad.items())), tuple(notes))


def encode_rows(frame: pd.DataFrame, columns: Sequence[Column], source: str) -> Tensor:
    """The features of rows of text, all of which must be readable: see `examine_rows`.

    Raises:
        TunerError: a column is missing, or a row is bad; the first is named.
    """
    examined = examine_rows(frame, columns, source)
    for row, reason in examined.bad:
        place = f"line {frame.index[row]}" if frame.index.name == LINE else f"row {row}"
        raise TunerError(f"{source}, {place}: {reason}")
    return examined.features


def _examine(frame: pd.DataFrame, name: str) -> Column | str:
    """How a column is encoded, or why it is left out."""
    cells = frame[name]
    distinct = cells.value_counts()
    if not name:
        return "it has no name"  # pandas writes row numbers like this
    if len(distinct) == 1:
        return "it is empty" if distinct.index[0] == "" else "all its cells are the same"
    numbers, broken = _numbers(cells)
    if not broken.any():
        return _number_column(name, numbers)
    return _category_column(name, distinct.drop("", errors="ignore"), cells[broken].iloc[0], float(broken.mean()))


def _number_column(name: str, numbers: NDArray[np.float64]) -> Column | str:
    known = numbers[~np.isnan(numbers)]
    if not len(known) or known.min() == known.max():
        return "it has no number" if not len(known) else "all its numbers are the same"
    if _counts_rows(known):
        return "it numbers the rows: where a table is sorted by class, it would give the class away"
    return Column(name=name, fill=float(known.mean()))


def _counts_rows(numbers: NDArray[np.float64]) -> bool:
    """Whether they are whole numbers that rise from row to row, which ten rows of a measurement do not do by chance."""
    return len(numbers) >= 10 and bool((np.diff(numbers) > 0).all() and (numbers % 1 == 0).all())


def _category_column(name: str, distinct: pd.Series, broken: str, share: float) -> Column | str:
    if distinct.sum() < 2 * len(distinct):
        most = "" if share > 0.5 else f" (most are numbers, but '{broken}' is not)"
        return f"{len(distinct)} different texts in {distinct.sum()} cells{most}"
    names = sorted(distinct.index, key=lambda category: (-distinct[category], category))[:MAX_CATEGORIES]
    return Column(name=name, categories=tuple(sorted(names)))


def _numbers(cells: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The numbers of cells (NaN where there is none), and which cells are neither missing nor finite as float32."""
    missing = cells.str.lower().isin(NO_NUMBER).to_numpy()
    numbers = np.array(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)
    broken = ~missing & ~(np.abs(numbers) <= np.finfo(np.float32).max)
    numbers[missing | broken] = np.nan
    return numbers, broken


def _encode(cells: pd.Series, column: Column, bad: dict[int, str], notes: list[str]) -> NDArray[np.float64]:
    if column.categories:
        unknown = cells[~cells.isin([*column.categories, ""])]
        if len(unknown):
            count = f"{len(unknown)} of {len(cells)} cells"
            notes.append(f"column '{column.name}': {count} have a category unknown in training, as '{unknown.iloc[0]}'")
        return np.stack([cells == category for category in column.categories], axis=1).astype(np.float64)
    numbers, broken = _numbers(cells)
    for row in np.flatnonzero(broken):
        bad.setdefault(int(row), f"column '{column.name}' must be a number, got '{cells.iloc[row]}'")
    numbers[np.isnan(numbers)] = column.fill
    return numbers[:, None]
