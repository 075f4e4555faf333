"""Reads rows of tables to predict: columns are found by their names, and a bad row does not refuse the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.core.shorten import first_names
from tuner.core.units import counted
from tuner.data.columns import examine_rows
from tuner.data.tables import read_table
from tuner.training.cell_notes import cell_notes
from tuner.training.sample_batches import BATCH_VALUES, Reading, Samples, as_file, named
from tuner.training.sample_files import SampleFile
from tuner.training.sample_notes import Note
from tuner.training.table_truths import true_targets
from tuner.training.training_range import far_from_training

MOST_SHOWN = 10  # names of columns in a line


def read_table_files(reading: Reading, files: Sequence[SampleFile]) -> Iterator[Samples]:
    """Batches of the rows that can be read.

    Raises:
        TunerError: the model does not know the names of its columns.
    """
    if not reading.data.columns:
        raise TunerError(f"the model of {reading.data.name} does not know the names of its columns: train it again")
    for file in files:
        with as_file(file.name) as path:
            try:
                table = read_table(path, columns=[column.name for column in reading.data.columns])
                frame = _with_known_names(reading, table.frame, file.name)
            except TunerError as error:
                reading.broken.append(named(str(error), path, file.name))
                continue
        for text in table.notes:
            reading.notes.add_file(file.name, Note(text))
        reading.broken.extend(f"{file.name}:{row.line}: {row.reason}" for row in table.bad)
        yield from _batches(reading, frame, file)


def _batches(reading: Reading, frame: pd.DataFrame, file: SampleFile) -> Iterator[Samples]:
    """Batches of the good rows. How the numbers of a column are written is decided on as many rows as possible."""
    columns = reading.data.columns
    categories = tuple(f"column '{column.name}': " for column in columns if column.kind == "category")
    most = max(1, BATCH_VALUES // reading.data.shape[0])
    for start in range(0, len(frame), most):
        block = frame.iloc[start : start + most]
        examined = examine_rows(block, columns, file.name)
        for note in examined.notes:
            if not note.startswith(categories):  # unknown categories are told by row
                reading.notes.add_file(file.name, Note(note))
        reading.broken.extend(f"{file.name}:{block.index[row]}: {reason}" for row, reason in examined.bad)
        of_cells = cell_notes(columns, block, examined)
        good = np.delete(np.arange(len(block)), [row for row, _ in examined.bad])
        for first in range(0, len(good), reading.batch):
            rows = good[first : first + reading.batch]
            yield _samples(reading, block.iloc[rows], examined.features[rows], [of_cells[row] for row in rows], file)


def _samples(
    reading: Reading, frame: pd.DataFrame, features: Tensor, of_cells: Sequence[tuple[Note, ...]], file: SampleFile
) -> Samples:
    data = reading.data
    names = [f"{file.name}:{line}" for line in frame.index]
    truths = true_targets(reading, frame, names) if data.target in frame.columns else [file.truth] * len(names)
    far = far_from_training(data, features)
    return Samples(names, features, truths, [(*a, *b) for a, b in zip(of_cells, far, strict=True)])


def _with_known_names(reading: Reading, frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """The table with the names of the model's columns, which may differ in case and spaces.

    Raises:
        TunerError: a column is missing.
    """
    data = reading.data
    wanted = [*(column.name for column in data.columns), *([data.target] if data.target else [])]
    renamed: dict[str, str] = {}
    free = [name for name in frame.columns if name not in wanted]
    for name in wanted:
        alike = [other for other in free if _key(other) == _key(name)]
        if name not in frame.columns and len(alike) == 1:
            renamed[alike[0]] = name
    frame = frame.rename(columns=renamed)
    missing = [column.name for column in data.columns if column.name not in frame.columns]
    if missing:
        raise TunerError(_missing_text(file, missing, list(frame.columns)))
    if renamed:
        there, name = next(iter(renamed.items()))
        detail = f"{len(renamed)}, such as '{there}' as '{name}'"
        reading.notes.add_file(file, Note("columns taken by names that differ in case or spaces", detail))
    extra = [name for name in frame.columns if name not in wanted]
    if extra:
        reading.notes.add_file(file, Note(f"{counted(len(extra), 'column')} not used by the model", _shown(extra)))
    return frame


def _missing_text(file: str, missing: Sequence[str], there: Sequence[str]) -> str:
    """What is missing, what the file has, and which of that may be meant."""
    what = f"{'there is no column' if len(missing) == 1 else 'there are no columns'} {_shown(missing)}"
    near = get_close_matches(missing[0], there, n=1)
    advice = f": rename '{near[0]}' if that is '{missing[0]}'" if near else ""
    return f"{file}: {what}; it has {_shown(there)}{advice}"


def _shown(names: Sequence[str]) -> str:
    return first_names([f"'{name}'" for name in names], MOST_SHOWN)


def _key(name: str) -> str:
    return "".join(name.casefold().split())
