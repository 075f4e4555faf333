"""A target that is a number: the column that --target names, read as numbers in the unit that they are written in."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError, quoted
from tuner.core.target_kind import CLASSES, NUMBERS, TASK_OPTION
from tuner.core.units import counted
from tuner.data.categories import category_key
from tuner.data.cells import texts_of
from tuner.data.column import Column, NumberTarget
from tuner.data.column_notes import ColumnNotes
from tuner.data.column_statistics import known_texts
from tuner.data.column_values import ColumnTexts, read_numbers
from tuner.data.missing import is_missing
from tuner.data.number_text import LARGEST, PLAIN, StyleChoice, choose_style, parse_number, simple_numbers
from tuner.data.spec import FEWEST_NUMBERS, STRATA
from tuner.data.table_classes import FEWEST

FEW_NUMBERS = 20  # up to this many different numbers count as classes, where these are large enough
ROWS_OF_A_CLASS = 10  # whole numbers with fewer rows each, on average, are quantities
ENOUGH = 0.95  # of the cells: where so many are numbers, the others are mistakes
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)  # as features they count as missing


class NumberCells(NamedTuple):
    """The target of each row that has one."""

    rows: NDArray[np.int64]
    """The positions of these rows in the table."""
    numbers: Tensor
    """(rows,) float64, in their own unit."""
    column: Column
    """How the cells are read. Its `fill` is to be the mean over the training rows."""
    notes: tuple[str, ...]


def are_quantities(cells: pd.Series) -> bool:
    """Whether the cells of a target, none of them empty, are numbers to predict rather than names of classes.

    They are when nearly all are numbers, of which there are many different ones: more than FEW_NUMBERS, with fractions
    or few rows for each; or so many that classes would be too small.
    """
    texts = texts_of(cells.to_numpy())
    choice = _choice(texts)
    if choice is None:
        return False
    known = [text for text in known_texts(texts) if parse_number(text, choice.style) is not None]
    values = {parse_number(text, choice.style) for text in known}
    if len(values) <= 2:
        return False
    fractions = any(value % 1 for value in values if value is not None)
    many = len(values) > FEW_NUMBERS and (fractions or len(cells) < ROWS_OF_A_CLASS * len(values))
    return many or len(cells) < FEWEST * len({category_key(text) for text in known})


def task_note(target: str, cells: pd.Series, task: str, *, asked: bool) -> str:
    """What is predicted, and how to have the other, in one line; empty where nobody can doubt it."""
    texts = texts_of(cells.to_numpy())
    choice = _choice(texts)
    if asked or choice is None:
        return ""
    different = len({parse_number(text, choice.style) for text in known_texts(texts)} - {None})
    found = f"'{target}' has {counted(different, 'different number')}"
    if task == NUMBERS.task:
        return f"{found}, so a number is predicted ({task}); {TASK_OPTION} {CLASSES.task} takes them for classes"
    return f"{found}, which are taken for classes ({task}); {TASK_OPTION} {NUMBERS.task} predicts a number"


def read_numbers_of(cells: pd.Series, source: str) -> NumberCells:
    """The numbers of a target column. Rows without one are left out, which is noted.

    Args:
        cells: the column, of text.
        source: where it comes from, for errors.

    Raises:
        TunerError: a cell is no finite number, there are too few rows, or all numbers are the same.
    """
    texts, name = texts_of(cells.to_numpy()), str(cells.name)
    choice = _choice(texts, enough=0.0) or StyleChoice(PLAIN, 0, ambiguous=False)
    numbers, broken = read_numbers(texts, choice.style)
    broken |= np.fromiter((_INFINITE.fullmatch(text) is not None for text in texts), dtype=bool, count=len(texts))
    for row in np.flatnonzero(broken)[:1]:
        more = f" (and {broken.sum() - 1} more rows like it)" if broken.sum() > 1 else ""
        advice = f": leave the cell empty where the number is not known, or add {TASK_OPTION} {CLASSES.task}"
        place = f"{source}, line {cells.index[row]}"
        raise TunerError(f"{place}: '{name}' must be a finite number, got {quoted(texts[row])}{more}{advice}")
    rows = np.flatnonzero(~np.isnan(numbers))
    known = numbers[rows]
    if len(rows) < FEWEST_NUMBERS:
        raise TunerError(
            f"{source}: {counted(len(rows), 'row')} with a '{name}': to predict a number, at least {FEWEST_NUMBERS} "
            "are needed"
        )
    if known.min() == known.max():
        raise TunerError(f"{source}: every '{name}' is {known[0]:.15g}: there is nothing to predict")
    notes, style = ColumnNotes(), choice.style
    notes.numbers(name, ColumnTexts(texts, simple_numbers(texts, PLAIN)), choice)
    written = Column(name=name, decimal=style.decimal, thousands=style.thousands, unit=style.unit, scaled=style.scaled)
    told = [*notes.lines(), *_left_out(name, len(texts) - len(rows)), *_rare(name, known)]
    return NumberCells(rows, torch.from_numpy(known), written, tuple(told))


def scale_of(column: Column, training: Tensor, source: str) -> NumberTarget:
    """The target with the scale of its (rows,) training numbers. Raises TunerError where these are all the same."""
    mean, std = float(training.mean()), float(training.std(correction=0))
    if not std > 0:
        raise TunerError(
            f"{source}: every '{column.name}' of the training rows is {mean:.15g}: there is nothing to learn"
        )
    return NumberTarget(column=Column(**{**vars(column), "fill": mean}), std=std)


def _choice(texts: NDArray[np.object_], enough: float = ENOUGH) -> StyleChoice | None:
    """How the numbers are written; None where too few cells are numbers."""
    plain = np.abs(simple_numbers(texts, PLAIN)) <= LARGEST
    if plain.any() and all(map(is_missing, set(texts[~plain].tolist()))):
        return StyleChoice(PLAIN, int(plain.sum()), ambiguous=False)
    known: Counter[str] = known_texts(texts)
    choice = choose_style(known)
    return choice if choice.read and choice.read >= enough * known.total() else None


def _left_out(name: str, missing: int) -> list[str]:
    return [f"{counted(missing, 'row')} without a '{name}' skipped"] if missing else []


def _rare(name: str, known: NDArray[np.float64]) -> list[str]:
    """A note where a few very large or small numbers make up most of the variance: they rule scores and loss."""
    deviations = (known - known.mean()) ** 2
    few = max(1, len(known) // 100)
    share = float(np.sort(deviations)[-few:].sum() / deviations.sum())
    if share < MOST_OF_VARIANCE or len(known) < 10 * STRATA:
        return []
    return [
        f"{counted(few, 'row')} of {len(known):,} make {share:.0%} of the variance of '{name}', so R2 and RMSE are "
        "mostly about them; MAE is not".replace("%", " %")
    ]


MOST_OF_VARIANCE = 0.5
