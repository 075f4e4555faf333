"""Tables as files, and what the reader makes of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from tuner.core.errors import TunerError
from tuner.data.tables import Table, read_table

Rows = list[list[str]]


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, content: str | bytes, *, target: str | None = None, columns: Collection[str] = ()) -> Table:
    """The table of a file with this content."""
    return read_table(write(folder, content), target=target, columns=columns)


def rows(table: Table) -> Rows:
    """The header and the rows."""
    return [list(table.frame.columns), *table.frame.to_numpy().tolist()]


def refusal(path: Path) -> str:
    """Why a table is refused, without the path."""
    with pytest.raises(TunerError) as error:
        read_table(path)
    return str(error.value).removeprefix(str(path))
