"""Which row is the header, and what is none of the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.table_files import read, refusal, rows, write

from tuner.core.errors import TunerError

ROWS = "1.5,2,x\n2.5,3,y\n3.5,1,x\n"
TABLE = [["a", "b", "kind"], ["1.5", "2", "x"], ["2.5", "3", "y"], ["3.5", "1", "x"]]


@pytest.mark.parametrize(
    ("before", "note"),
    [
        (
            "Quarterly report\nCreated: 2025\n\n",
            "2 lines before the header passed over, the first is 'Quarterly report'",
        ),
        ("Quarterly report,,\n,,\n", "1 line before the header passed over, the first is 'Quarterly report'"),
        ("# made by X\n# version 2, of May\n", "2 lines before the header passed over, the first is '# made by X'"),
    ],
)
def test_what_stands_before_the_header_is_passed_over(tmp_path: Path, before: str, note: str) -> None:
    table = read(tmp_path, f"{before}a,b,kind\n{ROWS}")
    assert (rows(table), table.notes) == (TABLE, (note,))
    assert table.frame.index[0] == before.count("\n") + 2


def test_a_title_before_two_columns(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "My data\na,kind\n1,x\n2,y\n"))[0] == ["a", "kind"]


def test_the_target_tells_which_of_two_header_lines_has_the_names(tmp_path: Path) -> None:
    table = read(tmp_path, ",Size,,\nkind,w,h,g\nx,1,2,3\ny,2,3,4\n", target="kind")
    assert rows(table)[0] == ["kind", "w", "h", "g"]


@pytest.mark.parametrize(
    "content",
    ["# a b kind\n1.5 2 x\n2.5 3 y\n3.5 1 x\n", f"#a,b,kind\n{ROWS}", f"##fileformat=1\n#a,b,kind\n{ROWS}"],
)
def test_a_header_may_look_like_a_comment(tmp_path: Path, content: str) -> None:
    table = read(tmp_path, content)
    assert rows(table) == TABLE
    assert any("is called 'a'" in note or "taken for the header" in note for note in table.notes)


def test_a_column_may_be_called_by_the_sign_of_comments(tmp_path: Path) -> None:
    table = read(tmp_path, "#,name\n1,Ann\n2,Bob\n")
    assert (rows(table)[0], table.notes) == (["#", "name"], ())


@pytest.mark.parametrize(
    ("content", "shown", "names"),
    [
        ("-0.039,0.432,no\n1.764,0.172,yes\n0.8,0.1,no\n", "'-0.039', '0.432', 'no'", "x1,x2,x3"),
        ("sunny,no,yes\nrain,no,no\nsunny,yes,yes\n", "'sunny', 'no', 'yes'", "x1,x2,x3"),
        ("?,2.5,x\n1.5,2,y\n2.5,1,x\n", "'?', '2.5', 'x'", "x1,x2,x3"),
        ("5,0,0,0\n0,0,0,1\n4,0,0,0\n", "'5', '0', '0', ...", "x1,x2,x3,x4"),
        ("1,5;2;x\n2,5;3;y\n", "'1,5', '2', 'x'", "x1;x2;x3"),
        ("1\t2\tx\n3\t4\ty\n", "'1', '2', 'x'", "x1 x2 x3, separated by tabs as the rows are"),
    ],
)
def test_data_in_the_first_line_is_refused(tmp_path: Path, content: str, shown: str, names: str) -> None:
    assert refusal(write(tmp_path, content)) == (
        f", line 1: the first line looks like data ({shown}): a header is needed: put a line with the names of the "
        f"columns above it, such as {names}"
    )


@pytest.mark.parametrize(
    "content",
    [
        "country,1990,1991,kind\nA,1.5,2,x\nB,2.5,3,y\n",
        "0,1,2,kind\n1.5,2,3,x\n2.5,1,3,y\n",
        "colour,shape\nred,round\nblue,square\n",
    ],
)
def test_names_may_be_years_counts_or_words_above_words(tmp_path: Path, content: str) -> None:
    assert rows(read(tmp_path, content))[0] == content.split("\n", maxsplit=1)[0].split(",")


def test_a_known_column_makes_a_header_sure(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "5,8\n5,9\n6,7\n", target="8"))[0] == ["5", "8"]


def test_a_class_that_is_named_in_place_of_the_column_does_not(tmp_path: Path) -> None:
    for content, target in (("-0.039,0.432,no\n1.764,0.172,yes\n0.8,0.1,no\n", "no"), ("5,7\n5,9\n6,7\n", "7")):
        with pytest.raises(TunerError, match="line 1: the first line looks like data"):
            read(tmp_path, content, target=target)
    assert rows(read(tmp_path, "x,no\n1,no\n2,yes\n", target="no"))[0] == ["x", "no"], "a word above numbers"


def test_lines_of_keys_and_values_are_no_header(tmp_path: Path) -> None:
    keys = "Instrument,ABC,\nOperator,Jo,\n,,\n".replace(",\n", ",,\n")
    table = read(tmp_path, f"{keys}time,temp,hum,state\n0.1,20.1,40,on\n0.2,20.2,41,off\n0.3,20.1,43,on\n")
    assert rows(table)[0] == ["time", "temp", "hum", "state"]
    assert table.notes == ("2 lines before the header passed over, the first is 'Instrument ABC'",)


def test_a_title_with_commas_is_told_from_a_header_by_the_target(tmp_path: Path) -> None:
    table = read(tmp_path, "Sales, 2025, all\na,b,kind\n1,2,x\n2,3,y\n", target="kind")
    assert rows(table)[0] == ["a", "b", "kind"]
