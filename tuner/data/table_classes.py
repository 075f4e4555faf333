"""The classes of a user's table: the different values of the column that --target names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from tuner.core.errors import TunerError, check_name
from tuner.core.units import counted
from tuner.data.categories import category_key, differ_by_case
from tuner.data.missing import is_missing

MAX_CLASSES = 1000
FEWEST = 3  # rows of a class, one for each split


def read_classes(cells: pd.Series, source: str, empty: int = 0) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes, numbers in numeric order and text in alphabetical order, and notes on those that look wrong.

    Args:
        cells: the column, without empty cells and without spaces around texts. Each different text is a class.
        source: where it comes from, for errors.
        empty: how many rows have no class.

    Raises:
        TunerError: these are no classes.
    """
    counts = Counter(cells.tolist())
    names = sorted(counts)
    numbers = _numbers(names)
    what = f"{source}: the column '{cells.name}' has {counted(len(names), 'different value')} in {len(cells)} rows"
    for name in names[:MAX_CLASSES]:
        check_name(name, f"{source}: the class")
    if len(names) < 2:
        blank = f", and {counted(empty, 'row')} without a value" if empty else ""
        advice = ": if an empty cell is a class, write a word such as 'no' there" if empty and names else ""
        raise TunerError(f"{what}{blank}: at least two classes are needed{advice}")
    if len(names) > MAX_CLASSES or len(cells) < 2 * len(names):
        raise TunerError(f"{what}: choose a column of at most {MAX_CLASSES} classes, each with several rows")
    classes = tuple(name for _, name in sorted(zip(numbers, names, strict=True))) if numbers else tuple(names)
    return classes, (*_alike(counts, source), *_no_words(counts))


def _alike(counts: Counter[str], source: str) -> list[str]:
    """Notes on classes that differ by their spelling alone: they stay apart, since somebody may have meant that."""
    notes = []
    for group in _groups(list(counts)):
        listed = " and ".join(f"'{name}' ({counts[name]} rows)" for name in sorted(group, key=lambda n: -counts[n]))
        if min(counts[name] for name in group) < FEWEST:
            raise TunerError(f"{source}: the classes {listed} differ by their spelling alone: write them alike")
        notes.append(
            f"the classes {listed} differ by their spelling alone and are kept apart: write them alike to join them"
        )
    return notes


def _groups(names: Sequence[str]) -> list[list[str]]:
    """The names that differ by case or spaces alone, or are the same number or boolean."""
    first = {category_key(name): name for name in reversed(names)}
    same = [[name for name in names if category_key(name) == key] for key in first]
    return [group for group in same if len(group) > 1] or differ_by_case(names)


def _no_words(counts: Counter[str]) -> list[str]:
    """Notes on classes that are words for a missing value."""
    words = [name for name in counts if is_missing(name)]
    return [
        f"the class '{name}' ({counts[name]} rows) is a word for a missing value and is kept as a class: "
        "leave these cells empty if they have no class"
        for name in sorted(words)
    ]


def _numbers(names: Sequence[str]) -> list[float]:
    """The names as finite numbers; empty when one of them is not a number."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
