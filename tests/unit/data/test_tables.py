"""CSV files to rows, and rows to features that the training rows have defined."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from tuner.core.errors import TunerError
from tuner.data.spec import Column
from tuner.data.tables import encode_rows, fit_columns, left_out, read_rows


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


class TestReadRows:
    def test_gives_text_as_it_stands_and_the_lines_it_stands_in(self, tmp_path: Path) -> None:
        path = write(tmp_path, 'name, age\n"Ann, ""A""",007\n\n"two\nlines", \nNA,nan\n')
        rows = read_rows(path)
        assert rows.to_dict("list") == {"name": ['Ann, "A"', "two\nlines", "NA"], "age": ["007", "", "nan"]}
        assert rows.index.tolist() == [2, 4, 6]
        assert rows.index.name == "line"

    @pytest.mark.parametrize(
        "content",
        [
            b"a,b\n1,x\n",
            b"a;b\r\n1;x\r\n",
            b"a\tb\n1\tx",
            b"\xef\xbb\xbfa,b\n1,x\n",
            b"\na,b\n1,x\n",
            b'"a","b"\n"1","x"\n',
        ],
    )
    def test_takes_the_usual_separators_line_ends_and_marks(self, tmp_path: Path, content: bytes) -> None:
        assert read_rows(write(tmp_path, content)).to_dict("list") == {"a": ["1"], "b": ["x"]}

    def test_does_not_take_what_is_quoted_for_a_separator(self, tmp_path: Path) -> None:
        assert list(read_rows(write(tmp_path, '"a;b;c",d\n1,2\n')).columns) == ["a;b;c", "d"]

    def test_a_decimal_comma_becomes_a_point_where_commas_do_not_separate(self, tmp_path: Path) -> None:
        rows = read_rows(write(tmp_path, "a;b;c\n1,5;-0,25;red, blue\n,5;1,2,3;7\n"))
        assert rows.to_dict("list") == {"a": ["1.5", ".5"], "b": ["-0.25", "1,2,3"], "c": ["red, blue", "7"]}
        assert read_rows(write(tmp_path, 'a,b\n"1,5",2\n')).to_dict("list") == {"a": ["1,5"], "b": ["2"]}

    def test_takes_a_single_column(self, tmp_path: Path) -> None:
        assert read_rows(write(tmp_path, "a\n1\n2\n")).to_dict("list") == {"a": ["1", "2"]}

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", ": the file is empty: a header and rows are expected"),
            (b"\n\n", ": the file is empty: a header and rows are expected"),
            (b"a,b\n", ": there are no rows after the header"),
            (b"a,b\n1,2\n1,2,3\n", ", line 3: 3 cells instead of the 2 of the header"),
            (b"a,b\n\n1\n", ", line 3: 1 cells instead of the 2 of the header"),
            (b"a,b,a\n1,2,3\n", ", line 1: 2 columns have the name 'a'"),
            (b"a,b\n1,2\n1,\xe9\n", ", line 3: not UTF-8 text: save the table as UTF-8"),
            (b'a,b\n1,2\n1,"never closed\n3,4\n', ", line 3: unexpected end of data"),
            (b'a,b\n"1"2,3\n', ", line 2: ',' expected after '\"'"),
        ],
    )
    def test_refuses_a_broken_file_in_a_line(self, tmp_path: Path, content: bytes, reason: str) -> None:
        path = write(tmp_path, content)
        with pytest.raises(TunerError) as error:
            read_rows(path)
        assert str(error.value) == f"{path}{reason}"

    def test_names_a_file_that_is_missing_or_a_folder(self, tmp_path: Path) -> None:
        for path, reason in ((tmp_path / "gone.csv", "No such file or directory"), (tmp_path, "Is a directory")):
            with pytest.raises(TunerError) as error:
                read_rows(path)
            assert str(error.value) == f"{path}: {reason}"


class TestFitColumns:
    def test_numbers_stay_numbers_with_their_mean_for_missing_ones(self) -> None:
        (column,) = fit_columns(frame(x=["1", "-2.5e0", "", "NaN", "?", "7"]))
        assert (column.name, column.categories, column.width) == ("x", (), 1)
        assert column.fill == pytest.approx(5.5 / 3)

    def test_text_becomes_categories(self) -> None:
        columns = fit_columns(frame(size=["small", "large", "", "large", "small"], flag=["yes", "", "yes", "yes", ""]))
        assert columns == (Column(name="size", categories=("large", "small")), Column(name="flag", categories=("yes",)))

    def test_a_cell_that_is_no_finite_number_makes_categories(self) -> None:
        for cell in ("inf", "-Infinity", "1e39", "one"):
            (column,) = fit_columns(frame(x=["1", "1", "2", "2", cell, cell]))
            assert column.categories == tuple(sorted(("1", "2", cell)))

    def test_the_rarest_of_many_categories_are_dropped(self) -> None:
        cells = [f"c{number:02}" for number in range(60) for _ in range(2 + (number >= 10))]
        (column,) = fit_columns(frame(x=cells))
        assert column.categories == tuple(f"c{number:02}" for number in range(10, 60))

    def test_what_carries_nothing_is_left_out_with_the_reason(self) -> None:
        rows = frame(
            good=["1", "2", "3", "4"],
            empty=["", "", "", ""],
            same=["x", "x", "x", "x"],
            constant=["5", "5.0", "", "5"],
            name=["Ann", "Bob", "Cid", "Ann"],
            almost=["1", "2", "3", "four"],
        )
        rows.insert(0, "", ["0", "1", "2", "3"])
        assert [column.name for column in fit_columns(rows)] == ["good"]
        assert left_out(rows) == (
            "column '' left out: it has no name",
            "column 'empty' left out: it is empty",
            "column 'same' left out: all its cells are the same",
            "column 'constant' left out: all its numbers are the same",
            "column 'name' left out: 3 different texts in 4 cells",
            "column 'almost' left out: 4 different texts in 4 cells (most are numbers, but 'four' is not)",
        )

    def test_a_column_of_missing_marks_has_no_number(self) -> None:
        assert left_out(frame(x=["NA", "", "nan"])) == ("column 'x' left out: it has no number",)


class TestEncodeRows:
    COLUMNS = (Column(name="age", fill=40.0), Column(name="size", categories=("large", "small")))

    def test_gives_a_feature_a_number_and_one_a_category(self) -> None:
        rows = frame(
            size=["small", "large", "huge", "", " small "], age=["1.5", "", "n/a", "-3", " 4 "], more=["x"] * 5
        )
        features = encode_rows(rows, self.COLUMNS, "here")
        assert features.dtype == torch.float64
        assert features.tolist() == [[1.5, 0, 1], [40, 1, 0], [40, 0, 0], [-3, 0, 0], [4, 0, 1]]

    def test_names_the_column_that_is_missing(self) -> None:
        with pytest.raises(TunerError) as error:
            encode_rows(frame(age=["1"], weight=["2"]), self.COLUMNS, "new.csv")
        assert str(error.value) == "new.csv: there is no column 'size', the columns are 'age', 'weight'"

    @pytest.mark.parametrize("cell", ["forty", "inf", "1e39", "1,5", "0x10", "1_000"])
    def test_names_the_cell_that_is_no_number(self, tmp_path: Path, cell: str) -> None:
        path = write(tmp_path, f'size,age\nsmall,1\n\nsmall,"{cell}"\n')
        with pytest.raises(TunerError) as error:
            encode_rows(read_rows(path), self.COLUMNS, "new.csv")
        assert str(error.value) == f"new.csv, line 4: column 'age' must be a number, got '{cell}'"
        with pytest.raises(TunerError, match=r"^samples, row 1: column 'age'"):
            encode_rows(frame(size=["", ""], age=["1", cell]), self.COLUMNS, "samples")

    def test_agrees_with_what_was_fitted(self) -> None:
        rows = frame(a=["1", "2", "", "4"], b=["x", "y", "x", "y"])
        features = encode_rows(rows, fit_columns(rows), "here")
        assert features[:, 0].tolist() == pytest.approx([1, 2, 7 / 3, 4])
        assert features[:, 1:].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_a_column_that_numbers_the_rows_is_left_out_since_it_may_give_the_class_away() -> None:
    rising = [str(2 * number) for number in range(12)]
    measured = ["1", "2", "3", "5", "4", "6", "7", "8", "9", "10", "11", "12"]
    frame = pd.DataFrame({"id": rising, "size": measured, "weight": [f"{n}.5" for n in range(12)]}, dtype=object)
    assert [column.name for column in fit_columns(frame)] == ["size", "weight"]
    [note] = left_out(frame)
    assert note.startswith("column 'id' left out: it numbers the rows")
    assert [column.name for column in fit_columns(frame[:9])] == ["id", "size", "weight"]  # by chance, perhaps
