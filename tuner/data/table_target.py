"""What is predicted of a user's table: the classes or the numbers of the column that --target names."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.target_kind import CLASSES, NUMBERS, kind_of
from tuner.data.column import Column
from tuner.data.table_classes import read_classes
from tuner.data.table_numbers import are_quantities, read_numbers_of, task_note


class TableTarget(NamedTuple):
    """What is predicted in each row that says it."""

    known: pd.DataFrame
    """These rows."""
    rows: NDArray[np.int64]
    """Their positions in the table."""
    values: Tensor
    """(rows,) classes as int64, or numbers as float64."""
    classes: tuple[str, ...]
    column: Column | None
    """How numbers are read; None for classes."""
    notes: tuple[str, ...]


def read_target(frame: pd.DataFrame, target: str, task: str | None, source: str) -> TableTarget:
    """The target of each row that has one.

    Args:
        frame: the table, of text.
        target: the column.
        task: `classification` or `regression`; None for what the column looks like.
        source: where it comes from, for errors.

    Raises:
        TunerError: the column holds neither.
    """
    if task is not None:
        kind_of(task)
    labels = frame[target]
    filled = labels[labels != ""]
    quantities = task == NUMBERS.task or (task is None and are_quantities(filled))
    found = _numbers(frame, target, source) if quantities else _classes(frame, target, source)
    note = task_note(target, filled, (NUMBERS if quantities else CLASSES).task, asked=task is not None)
    return found._replace(notes=(*([note] if note else []), *found.notes))


def _numbers(frame: pd.DataFrame, target: str, source: str) -> TableTarget:
    found = read_numbers_of(frame[target], source)
    return TableTarget(frame.iloc[found.rows], found.rows, found.numbers, (), found.column, found.notes)


def _classes(frame: pd.DataFrame, target: str, source: str) -> TableTarget:
    labels = frame[target]
    filled = labels[labels != ""]
    classes, notes = read_classes(filled, source, int((labels == "").sum()))
    number = {name: index for index, name in enumerate(classes)}
    values = torch.tensor([number[name] for name in filled], dtype=torch.int64)
    rows = np.flatnonzero((labels != "").to_numpy())
    return TableTarget(frame.iloc[rows], rows, values, classes, None, (*_empty_note(labels), *notes))


def _empty_note(labels: pd.Series) -> tuple[str, ...]:
    empty = int((labels == "").sum())
    return (f"{empty} {'row' if empty == 1 else 'rows'} without a '{labels.name}' skipped",) if empty else ()
