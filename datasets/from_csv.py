"""Your own table: numbers and categories, in a CSV, Excel or Parquet file. --target names the column to predict.

A column with few different values is predicted as classes, one with many different numbers as a number. A test split
of 20 % and a validation split of 20 % of the rest are held out, stratified. How each column is read is decided from all
its text; means, categories and scaling come from the training split only.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from tuner.core.errors import TunerError, unknown
from tuner.core.files import slug
from tuner.data.column_decisions import fit_columns
from tuner.data.columns import examine_rows
from tuner.data.spec import DataSpec, Split, Splits, moments
from tuner.data.table_numbers import scale_of
from tuner.data.table_target import read_target
from tuner.data.tables import read_table

from ._own import three_ways

MOST_NAMES = 40  # in a message


def load(path: Path, *, target: str | None = None, task: str | None = None) -> Splits:
    """The splits; inputs are float64 (rows, features).

    Args:
        path: the file, with a header; or a folder of several files of one table.
        target: the column to predict.
        task: `classification` or `regression`; by default what the column looks like.

    Raises:
        TunerError: the file cannot be read, has no such column, or the column cannot be predicted.
    """
    path = path.expanduser()
    read = read_table(path, target=target)
    if read.bad:
        raise TunerError(f"{path}, {read.bad[0]}")
    source = f"csv:{path}"
    target = _check_target(read.frame, target, source)
    predicted = read_target(read.frame, target, task, source)
    rows = Split(torch.arange(len(predicted.known)), predicted.values)
    parts = three_ways(rows, None, None, predicted.classes, source)
    table = predicted.known.drop(columns=target)
    fitted = fit_columns(table, parts[0].inputs.numpy())
    if not fitted.columns:
        raise TunerError(f"{source}: nothing to learn from: {'; '.join(fitted.left_out) or 'it has no other column'}")
    inputs = examine_rows(table, fitted.columns, str(path)).features
    train, validation, test = (Split(inputs[rows], targets) for rows, targets in parts)
    mean, std = moments(train.inputs)
    spec = DataSpec(
        name=f"csv_{slug(path.stem)}",
        task="tabular",
        shape=(inputs.shape[1],),
        classes=predicted.classes,
        number=scale_of(predicted.column, train.targets, source) if predicted.column else None,
        mean=mean,
        std=std,
        columns=fitted.columns,
    )
    told = (*read.notes, *read.padding_notes(target), *predicted.notes, *fitted.notes, *fitted.left_out)
    return Splits(spec, train, validation, test, told)


def _check_target(frame: pd.DataFrame, target: str | None, source: str) -> str:
    names = ", ".join(f"'{name}'" for name in frame.columns[:MOST_NAMES])
    names += f" and {len(frame.columns) - MOST_NAMES:,} more" if len(frame.columns) > MOST_NAMES else ""
    if target is None:
        raise TunerError(f"{source}: name the column to predict: --target with one of {names}")
    if target not in frame.columns:
        raise TunerError(f"{source}: {unknown('--target', target, frame.columns)}")
    return target
