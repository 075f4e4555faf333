"""CSV files to rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.core.errors import TunerError
from tuner.data.tables import read_table


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class TestReadRows:
    def test_gives_text_as_it_stands_and_the_lines_it_stands_in(self, tmp_path: Path) -> None:
        path = write(tmp_path, 'name, age\n"Ann, ""A""",007\n\n"two\nlines", \nNA,nan\n')
        rows = read_table(path).frame
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
        assert read_table(write(tmp_path, content)).frame.to_dict("list") == {"a": ["1"], "b": ["x"]}

    def test_does_not_take_what_is_quoted_for_a_separator(self, tmp_path: Path) -> None:
        assert list(read_table(write(tmp_path, '"a;b;c",d\n1,2\n')).frame.columns) == ["a;b;c", "d"]

    def test_a_decimal_comma_becomes_a_point_where_commas_do_not_separate(self, tmp_path: Path) -> None:
        rows = read_table(write(tmp_path, "a;b;c\n1,5;-0,25;red, blue\n,5;1,2,3;7\n")).frame
        assert rows.to_dict("list") == {"a": ["1.5", ".5"], "b": ["-0.25", "1,2,3"], "c": ["red, blue", "7"]}
        assert read_table(write(tmp_path, 'a,b\n"1,5",2\n')).frame.to_dict("list") == {"a": ["1,5"], "b": ["2"]}

    def test_takes_a_single_column(self, tmp_path: Path) -> None:
        assert read_table(write(tmp_path, "a\n1\n2\n")).frame.to_dict("list") == {"a": ["1", "2"]}

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
            read_table(path)
        assert str(error.value) == f"{path}{reason}"

    def test_names_a_file_that_is_missing_or_a_folder(self, tmp_path: Path) -> None:
        for path, reason in ((tmp_path / "gone.csv", "No such file or directory"), (tmp_path, "Is a directory")):
            with pytest.raises(TunerError) as error:
                read_table(path)
            assert str(error.value) == f"{path}: {reason}"
