"""A value is read alike however it comes: from a file, or by any of the ways of pandas."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.table_kinds import KINDS, PANDAS, ROWS, write_table
from torch import Tensor

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.columns import examine_rows
from tuner.data.encoding import to_inputs, to_raw
from tuner.data.spec import DataSpec, Splits
from tuner.data.tables import read_table

CLASSES = ["good" if row % 2 else "bad" for row in range(ROWS)]


def spec_of(folder: Path, kind: str) -> DataSpec:
    """The specification of a table with a column of this kind, and one that it can be trained on anyway."""
    path = write_table(folder / "train.csv", {kind: KINDS[kind], "size": KINDS["real"]}, CLASSES)
    splits: Splits = catalog.read_format("csv", path, "class")
    assert [column.name for column in splits.spec.columns] == [kind, "size"], splits.notes
    return splits.spec


def expected(folder: Path, spec: DataSpec, rows: slice = slice(None)) -> tuple[str, Tensor]:
    """The text of a file of new rows, and what `tuner predict` makes of them."""
    columns = {column.name: KINDS.get(column.name, KINDS["real"])[rows] for column in spec.columns}
    path = write_table(folder / "new.csv", columns)
    examined = examine_rows(read_table(path).frame, spec.columns, "new.csv")
    assert (examined.bad, examined.notes) == ((), ())
    return path.read_text(encoding="utf-8"), examined.features


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_is_read_alike_in_each_of_the_ways(tmp_path: Path, kind: str) -> None:
    spec = spec_of(tmp_path, kind)
    text, features = expected(tmp_path, spec)
    for way, read in PANDAS.items():
        assert torch.allclose(to_inputs(spec, read(text)), features, rtol=1e-9), way


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "points"])
def test_a_row_alone_is_read_as_among_others(tmp_path: Path, kind: str) -> None:
    """pandas makes numbers of the texts of a column where the few rows that it sees happen to be numbers."""
    spec = spec_of(tmp_path, kind)
    _, features = expected(tmp_path, spec)
    for row in range(0, ROWS, 4):
        text, alone = expected(tmp_path, spec, slice(row, row + 1))
        assert torch.equal(alone, features[row : row + 1])
        for way in ("read_csv", "as text", "convert_dtypes", "Arrow", "a dictionary of lists"):
            assert torch.allclose(to_inputs(spec, PANDAS[way](text)), alone, rtol=1e-9), (way, row)


def test_a_number_that_pandas_may_have_misread_is_refused(tmp_path: Path) -> None:
    """Where points separate thousands, it makes 12.5 of 12.500, which only the other rows show."""
    spec = spec_of(tmp_path, "points")
    text, alone = expected(tmp_path, spec, slice(0, 1))
    assert alone[0, 0] == 12_000
    assert torch.equal(to_inputs(spec, PANDAS["as text"](text)), alone)
    with pytest.raises(
        TunerError, match="row 0: column 'points' must be text or a whole number, since points separate"
    ):
        to_inputs(spec, PANDAS["read_csv"](text))


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_made_of_features_is_read_as_they_are(tmp_path: Path, kind: str) -> None:
    spec = spec_of(tmp_path, kind)
    _, features = expected(tmp_path, spec)
    assert torch.allclose(to_inputs(spec, to_raw(spec, features)), features, rtol=1e-9)
