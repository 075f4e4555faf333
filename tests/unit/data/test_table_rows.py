"""Rows of one width, with one name for each column."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.table_files import read, refusal, rows, write

from tuner.core.errors import TunerError

TABLE = [["a", "b", "kind"], ["1", "2", "x"], ["2", "3", "y"]]


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("a,b,kind\n1,2,x,\n2,3,y,\n", ["each row ends with a separator too many, the first in line 2"]),
        ("a,b,kind,\n1,2,x\n2,3,y\n", ["the header ends with a separator too many"]),
        ("a,b,kind,,\n1,2,x,,\n2,3,y,,\n", ["2 empty columns at the end left out"]),
        ("a,b,kind\n1,2,x\n2,3,y,,\n", ["1 of 2 rows: the line ends with a separator too many, the first in line 3"]),
        ("a,,b,kind\n1,,2,x\n,,,\n2,,3,y\n,,,\n", ["2 empty rows left out, the first in line 3",
                                                  "1 empty column without a name left out"]),
        ("a,b,kind,\n1,2,x,0.5\n2,3,y,0.6\n", ["1 column left out, without a name in the header: 4"]),
    ],
)  # fmt: skip
def test_what_holds_nothing_is_left_out(tmp_path: Path, content: str, notes: list[str]) -> None:
    table = read(tmp_path, content)
    assert (rows(table), list(table.notes), table.bad) == (TABLE, notes, ())


class TestIndexColumns:
    """As R and pandas write them."""

    @pytest.mark.parametrize(
        "content",
        [
            '"a" "b" "kind"\n"1" 1 2 "x"\n"2" 2 3 "y"\n"3" 4 5 "x"\n',
            '"a" "b" "kind"\n"Mazda RX4" 1 2 "x"\n"Datsun" 2 3 "y"\n"Hornet 4 Drive" 4 5 "x"\n',
            '"","a","b","kind"\n"Mazda RX4",1,2,"x"\n"Datsun",2,3,"y"\n"Hornet",4,5,"x"\n',
            ",a,b,kind\n0,1,2,x\n1,2,3,y\n2,4,5,x\n",
            "Unnamed: 0,a,b,kind\n7,1,2,x\n1,2,3,y\n2,4,5,x\n",
        ],
    )
    def test_are_left_out_with_a_note(self, tmp_path: Path, content: str) -> None:
        table = read(tmp_path, content)
        assert rows(table) == [*TABLE, ["4", "5", "x"]]
        assert "left out" in table.notes[-1]

    def test_are_kept_where_a_model_needs_them(self, tmp_path: Path) -> None:
        table = read(tmp_path, "Unnamed: 0,a\n7,1\n1,2\n", columns=["a", "Unnamed: 0"])
        assert rows(table)[0] == ["Unnamed: 0", "a"]

    def test_a_measurement_is_no_name_of_a_row(self, tmp_path: Path) -> None:
        assert len(read(tmp_path, "a,kind\n0.5,1,x\n0.6,2,y\n0.7,3,x\n", target="kind").bad) == 3


class TestNames:
    """Of columns."""

    def test_later_ones_of_the_same_get_a_number_as_in_pandas(self, tmp_path: Path) -> None:
        table = read(tmp_path, "a,a,a.1,b,a\n1,2,3,4,5\n2,3,4,5,6\n", columns=["a"])
        assert rows(table)[0] == ["a", "a.2", "a.1", "b", "a.3"]
        expected = "1 name of several columns, such as 'a': the later ones get a number, such as 'a.2'"
        assert table.notes == (expected,)

    def test_line_breaks_in_them_are_spaces(self, tmp_path: Path) -> None:
        table = read(tmp_path, '"Length\n(cm)",kind\n1,x\n2,y\n')
        assert rows(table)[0] == ["Length (cm)", "kind"]
        assert table.notes == ("1 name with line breaks, such as 'Length (cm)': read with spaces",)

    def test_two_targets_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TunerError, match=r"line 1: 2 columns have the name 'kind': rename all but one of them$"):
            read(tmp_path, "a,kind,kind\n1,x,x\n2,y,y\n", target="kind")

    def test_a_bad_first_line_is_not_skipped(self, tmp_path: Path) -> None:
        assert refusal(write(tmp_path, 'a,"b"c,kind\n1,2,x\n2,3,y\n')).startswith(", line 1: badly quoted: ")


def test_texts_that_excel_writes_as_formulas(tmp_path: Path) -> None:
    table = read(tmp_path, 'id,kind\n="007",x\n"=""008""",y\n9,x\n')
    assert rows(table)[1:] == [["007", "x"], ["008", "y"], ["9", "x"]]
    assert table.notes == ('cells such as ="007" are read as the text in them: 2 rows have some',)
