"""A user's own table, or two: the class of each row, and how the rows are divided. For csv:PATH and text:PATH."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError, unknown
from tuner.core.score_text import class_name
from tuner.core.shorten import first_names
from tuner.core.units import counted
from tuner.data.column import Column
from tuner.data.missing import EVERYWHERE
from tuner.data.spec import Split
from tuner.data.table_target import read_target
from tuner.data.tables import LINE, Table, read_table
from tuner.data.texts import has_words
from tuner.data.time_order import Moments, read_moments

from ._division import Divided, Grouping, Ordering, divide

MOST_NAMES = 40  # in a message


@dataclass(frozen=True)
class LabelledTable:
    """Rows that say what is to be predicted."""

    frame: pd.DataFrame
    """The columns that a model may learn from, as text."""
    targets: Tensor
    """(rows,) int64 indices into the classes, or float64 numbers."""
    classes: tuple[str, ...]
    column: Column | None
    """How the numbers to predict are read; None for classes."""
    divided: Divided
    """Its inputs are positions of rows."""
    notes: tuple[str, ...]


def read_labelled(path: Path, source: str, target: str | None, task: str | None, options: DataOptions) -> LabelledTable:
    """The rows of a table, and of the table of the test split if `options` name one.

    The columns of groups and of times are none that a model may learn from: new groups have other names, and later
    times are outside of all that was seen.

    Args:
        path: the file with a header, or a folder of several files of one table.
        source: what the user typed, for errors.
        target: the column to predict.
        task: `classification` or `regression`; None for what the column looks like.
        options: the columns of groups and of times, and the table of the test split.

    Raises:
        TunerError: a file cannot be read, has no such column, or the column does not hold what it must.
    """
    if options.group and options.time:
        raise TunerError(f"{source}: --group {options.group} and --time {options.time}: give one of them")
    read = _read(path, target)
    target = check_column(read.frame, "--target", target, source, "the column to predict")
    _check_roles(target, options, source)
    frame, notes = read.frame, [*read.notes, *read.padding_notes(target)]
    is_test = np.zeros(len(frame), dtype=bool)
    if options.test:
        added, more = _test_table(Path(options.test), frame, target)
        notes += more
        is_test = np.arange(len(frame) + len(added)) >= len(frame)
        frame = pd.concat([frame, added])
    empty = (frame[target] == "").to_numpy()
    missing, moments = _without_split_value(frame, options, source, ~empty, notes)
    if options.text:
        name = check_column(frame, "--text", options.text, source, "the column with the texts")
        no_text = np.array([not has_words(cell) for cell in frame[name]], dtype=bool)
        count = int((no_text & ~empty & ~missing).sum())
        notes += [f"{counted(count, 'row')} without a word in '{name}' skipped"] if count else []
        missing = missing | no_text
    there = np.flatnonzero(~missing)
    predicted = read_target(frame.iloc[there], target, task, source)
    kept = np.zeros(len(frame), dtype=bool)
    kept[there[predicted.rows]] = True
    targets, classes = predicted.values, predicted.classes
    given = _given(targets, is_test[kept], classes, source, options.test or "")
    by = _by(options, frame, kept, is_test, moments)
    divided = divide(given, classes, source, by=by, test=options.test or "")
    used = [name for name in (options.group, options.time) if name]
    left = frame[kept].drop(columns=[target, *used])
    no_feature = [f"column '{name}' divides the rows, and is not learned from" for name in used]
    told = (*notes, *predicted.notes, *divided.notes, *no_feature)
    return LabelledTable(left, targets, classes, predicted.column, divided, told)


def _check_roles(target: str, options: DataOptions, source: str) -> None:
    """Raises TunerError when two options name one column."""
    given = {"--target": target, "--text": options.text, "--group": options.group, "--time": options.time}
    taken: dict[str, str] = {}
    for option, name in given.items():
        if name in taken:
            raise TunerError(f"{source}: {taken[name]} and {option} name the same column, '{name}': give another one")
        if name is not None:
            taken[name] = option


def check_column(frame: pd.DataFrame, option: str, name: str | None, source: str, what: str) -> str:
    """The column that an option names. Raises TunerError when there is none of that name, or it is not given."""
    names = ", ".join(f"'{each}'" for each in frame.columns[:MOST_NAMES])
    names += f" and {len(frame.columns) - MOST_NAMES:,} more" if len(frame.columns) > MOST_NAMES else ""
    if name is None:
        raise TunerError(f"{source}: name {what}: {option} with one of {names}")
    if name not in frame.columns:
        raise TunerError(f"{source}: {unknown(option, name, frame.columns)}")
    return name


def _read(path: Path, target: str | None) -> Table:
    read = read_table(path, target=target)
    if read.bad:
        raise TunerError(f"{path}, {read.bad[0]}")
    return read


def _test_table(path: Path, first: pd.DataFrame, target: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the test split, with the columns of the `first` table, and notes."""
    read = _read(path, target)
    missing = [f"'{name}'" for name in first.columns if name not in read.frame.columns]
    if missing:
        has = ", ".join(f"'{name}'" for name in read.frame.columns[:MOST_NAMES])
        lacks = f"it has no {first_names(missing, 4)}, and must have the columns of the other table"
        raise TunerError(f"--test {path}: {lacks}; it has {has}")
    more = [f"'{name}'" for name in read.frame.columns if name not in first.columns]
    extra = f"{path.name}: not in the other table, and not read: {first_names(more, 4)}"
    lines = pd.Index([f"{line} of {path.name}" for line in read.frame.index], name=LINE, dtype=object)
    notes = [f"{path.name}: {note}" for note in (*read.notes, *read.padding_notes(target))]
    return read.frame[list(first.columns)].set_axis(lines), [*notes, *([extra] if more else [])]


def _without_split_value(
    frame: pd.DataFrame, options: DataOptions, source: str, labelled: np.ndarray, notes: list[str]
) -> tuple[np.ndarray, Moments | None]:
    """Which rows have no group or time, and the moments of all rows."""
    moments, missing = None, np.zeros(len(frame), dtype=bool)
    if options.group:
        name = check_column(frame, "--group", options.group, source, "a column")
        missing = frame[name].isin(EVERYWHERE).to_numpy()
    elif options.time:
        name = check_column(frame, "--time", options.time, source, "a column")
        moments = read_moments(frame[name], source)
        missing = np.isnan(moments.values)
        notes += moments.notes
    else:
        return missing, None
    count = int((missing & labelled).sum())
    if 2 * count > labelled.sum():
        raise TunerError(f"{source}: the column '{name}' is empty in {count} of {labelled.sum()} rows")
    notes += _skipped(count, name)
    return missing, moments


def _skipped(count: int, column: str) -> list[str]:
    return [f"{counted(count, 'row')} without a '{column}' skipped"] if count else []


def _given(targets: Tensor, is_test: np.ndarray, classes: tuple[str, ...], source: str, test: str) -> dict[str, Split]:
    rows, of_test = torch.arange(len(targets)), torch.from_numpy(is_test)
    given = {"train": Split(rows[~of_test], targets[~of_test])}
    if not test:
        return given
    only = bool(classes) and sorted(set(targets[of_test].tolist()) - set(given["train"].targets.tolist()))
    if only:
        what = f"the class '{class_name(classes[only[0]])}'"
        more = f" (and {len(only) - 1} more classes)" if only[1:] else ""
        raise TunerError(f"--test {test}: {what}{more} is in no row of {source}: nothing could learn it")
    if not is_test.any():
        raise TunerError(f"--test {test}: no row of it says what is to be predicted")
    return {**given, "test": Split(rows[of_test], targets[of_test])}


def _by(
    options: DataOptions, frame: pd.DataFrame, kept: np.ndarray, is_test: np.ndarray, moments: Moments | None
) -> Grouping | Ordering | None:
    """What divides the rows, by split."""
    rows = {"train": kept & ~is_test, **({"test": kept & is_test} if options.test else {})}
    if options.group:
        cells = frame[options.group].to_numpy(dtype=object)
        return Grouping(options.group, {part: cells[of_part] for part, of_part in rows.items()})
    if options.time and moments:
        ordered = {p: Moments(moments.values[of_part], moments.show) for p, of_part in rows.items()}
        return Ordering(options.time, ordered)
    return None
