"""A Parquet file becomes rows of text."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tuner.core.errors import TunerError, one_line
from tuner.core.shorten import first_names
from tuner.core.units import counted
from tuner.data.cells import Cells, columns_of, texts_of
from tuner.data.table_record import Record

MOST_NAMED = 5  # columns in a note
MOST_CELLS = 500_000_000  # a few bytes of a file can stand for millions of cells


def read_parquet(
    path: Path, content: bytes, expected: Collection[str] = ()
) -> tuple[list[str], list[Record], list[str]]:
    """The names of the columns, the rows, and notes. Lines are those that a CSV file would have.

    Columns of lists or structures are left out, which is told.

    Raises:
        TunerError: the file is damaged, too large, or one of the expected columns holds lists or structures.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells > MOST_CELLS:
            raise TunerError(f"{path}: {cells:,} cells, more than the {MOST_CELLS:,} that are read")
        nested = {field.name: str(field.type) for field in file.schema_arrow if pa.types.is_nested(field.type)}
        needed = next((name for name in nested if name in expected or len(nested) == len(file.schema_arrow)), None)
        if needed is not None:
            raise TunerError(f"{path}: column '{needed}' holds {nested[needed]}: write texts or numbers")
        read = [name for name in file.schema_arrow.names if name not in nested]
        frame = file.read(columns=read).to_pandas(types_mapper=_nullable)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, TunerError):
            raise
        raise TunerError(f"{path}: the Parquet file cannot be read: {one_line(error)}") from None
    notes = []
    if nested:
        listed = first_names([f"'{name}' ({kind})" for name, kind in nested.items()], MOST_NAMED)
        notes.append(f"{counted(len(nested), 'column')} left out, since lists and structures are not read: {listed}")
    if frame.index.names != [None]:
        frame = frame.reset_index()
    elif not isinstance(frame.index, pd.RangeIndex):
        notes.append(f"the index of the frame, such as '{frame.index[0]}', is left out: it has no name")
    columns = [_texts(frame, place, cells) for place, cells in enumerate(columns_of(frame, range(frame.shape[1])))]
    names = [str(name).strip() for name in frame.columns]
    rows = [Record.of(number, list(row)) for number, row in enumerate(zip(*columns, strict=True), start=2)]
    return names, rows, notes


def _texts(frame: pd.DataFrame, place: int, cells: Cells) -> list[str]:
    """The cells of a column as texts, those that are texts already with the spaces around them."""
    return [
        value if isinstance(value, str) else text
        for value, text in zip(frame.iloc[:, place], texts_of(cells), strict=True)
    ]


def _nullable(kind: pa.DataType) -> object:
    """Types with missing values, so that whole numbers beside a missing one are not read as real ones."""
    return {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)
