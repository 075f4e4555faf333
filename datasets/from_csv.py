"""Your own table: a CSV file of numbers and categories. --target names the column with the classes.

A test split of 20 % and a validation split of 20 % of the rest are held out, stratified. How each column is encoded is
decided on the training split only, and saved with the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from tuner.core.errors import TunerError, check_name, unknown
from tuner.core.files import slug
from tuner.data.columns import encode_rows, fit_columns, left_out
from tuner.data.spec import DataSpec, Split, Splits, moments
from tuner.data.tables import read_table

from ._own import three_ways

MAX_CLASSES = 1000
FEW_NUMBERS = 20  # up to this many different numbers always count as classes


def load(path: Path, *, target: str | None = None) -> Splits:
    """The splits; inputs are float64 (rows, features).

    Args:
        path: the file, with a header.
        target: the column with the classes.

    Raises:
        TunerError: the file cannot be read, has no such column, or the column does not hold classes.
    """
    path = path.expanduser()
    frame, reader_notes, bad = read_table(path, target=target)
    if bad:
        raise TunerError(f"{path}, {bad[0]}")
    source = f"csv:{path}"
    target = _check_target(frame, target, source)
    known = frame[frame[target] != ""]
    classes = _classes(known[target], source)
    number = {name: index for index, name in enumerate(classes)}
    targets = torch.tensor([number[name] for name in known[target]], dtype=torch.int64)
    rows = Split(torch.arange(len(known)), targets)  # split first: the training split decides how columns are encoded
    parts = three_ways(rows, None, None, classes, source)
    table = known.drop(columns=target)
    training = table.iloc[parts[0].inputs.numpy()]
    columns = fit_columns(training)
    if not columns:
        raise TunerError(
            f"{source}: nothing to learn from: {'; '.join(left_out(training)) or 'it has no other column'}"
        )
    inputs = encode_rows(table, columns, str(path))
    train, validation, test = (Split(inputs[rows], targets) for rows, targets in parts)
    mean, std = moments(train.inputs)
    spec = DataSpec(
        name=f"csv_{slug(path.stem)}",
        task="tabular",
        shape=(inputs.shape[1],),
        classes=classes,
        mean=mean,
        std=std,
        columns=columns,
    )
    return Splits(spec, train, validation, test, (*reader_notes, *_empty_note(frame, target), *left_out(training)))


def _check_target(frame: pd.DataFrame, target: str | None, source: str) -> str:
    names = ", ".join(f"'{name}'" for name in frame.columns)
    if target is None:
        raise TunerError(f"{source}: name the column with the classes: --target with one of {names}")
    if target not in frame.columns:
        raise TunerError(f"{source}: {unknown('--target', target, frame.columns)}")
    return target


def _classes(cells: pd.Series, source: str) -> tuple[str, ...]:
    """The different values: numbers in numeric order, text in alphabetical order."""
    names = sorted(set(cells))
    numbers = _numbers(names)
    what = f"{source}: the column '{cells.name}' has {len(names)} different values in {len(cells)} rows"
    for name in names[:MAX_CLASSES]:
        check_name(name, f"{source}: the class")
    if len(names) < 2:
        raise TunerError(f"{what}: at least two classes are needed")
    if numbers and len(names) > FEW_NUMBERS and (len(cells) < 10 * len(names) or any(n % 1 for n in numbers)):
        raise TunerError(f"{what}, all of them numbers: tuner predicts classes, not quantities")
    if len(names) > MAX_CLASSES or len(cells) < 2 * len(names):
        raise TunerError(f"{what}: choose a column of at most {MAX_CLASSES} classes, each with several rows")
    return tuple(name for _, name in sorted(zip(numbers, names, strict=True))) if numbers else tuple(names)


def _numbers(names: Sequence[str]) -> list[float]:
    """The names as finite numbers; empty when one of them is not a number."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []


def _empty_note(frame: pd.DataFrame, target: str) -> tuple[str, ...]:
    empty = int((frame[target] == "").sum())
    return (f"{empty} {'row' if empty == 1 else 'rows'} without a '{target}' skipped",) if empty else ()
