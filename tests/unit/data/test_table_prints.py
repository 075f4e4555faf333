"""What programs write between the rows of a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.table_files import read, rows

ROWS = "1.5,2,x\n2.5,3,y\n3.5,1,x\n"
TABLE = [["a", "b", "kind"], ["1.5", "2", "x"], ["2.5", "3", "y"], ["3.5", "1", "x"]]


@pytest.mark.parametrize(
    "content",
    [
        " a   |  b | kind \n-----+----+------\n 1.5 |  2 | x\n 2.5 | 3 | y\n 3.5 | 1 | x\n(3 rows)\n",
        "+--+--+--+\n| a | b | kind |\n+--+--+--+\n| 1.5 | 2 | x |\n| 2.5 | 3 | y |\n| 3.5 | 1 | x |\n+--+--+--+\n"
        "3 rows in set (0.00 sec)\n",
        "┌─────┬───┬──────┐\n│  a  │ b │ kind │\n├─────┼───┼──────┤\n│ 1.5 │ 2 │ x    │\n│ 2.5 │ 3 │ y    │\n"
        "│ 3.5 │ 1 │ x    │\n└─────┴───┴──────┘\n",
        "| a | b | kind |\n|---|:-:|---:|\n| 1.5 | 2 | x |\n| 2.5 | 3 | y |\n| 3.5 | 1 | x |\n",
        f"a,b,kind\n-,-,----\n{ROWS}\n(3 rows affected)\n",
        "   a    b kind\n---- ---- ----\n 1.5    2 x\n 2.5    3 y\n\n   a    b kind\n---- ---- ----\n 3.5    1 x\n\n"
        "3 rows selected.\n",
    ],
)
def test_what_clients_of_databases_print_is_read(tmp_path: Path, content: str) -> None:
    table = read(tmp_path, content)
    assert (rows(table), table.bad) == (TABLE, ())
    assert any("ruler" in note for note in table.notes)


def test_prompts_before_the_rows_are_counted(tmp_path: Path) -> None:
    table = read(tmp_path, f"SQL> set feedback off\nSQL> set pages 0\nSQL> select * from t;\na,b,kind\n{ROWS}")
    told = "3 lines passed over, the first in line 1: 'SQL> set feedback off'"
    assert (rows(table), table.bad, table.notes) == (TABLE, (), (told,))


def test_repeated_headers_comments_and_units_are_left_out(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,kind\ncm,kg,\n1.5,2,x\n# a remark\n2.5,3,y\na,b,kind\n3.5,1,x\n")
    assert rows(table) == TABLE
    assert table.notes == (
        "1 repeated header left out, the first in line 6",
        "1 comment left out, the first in line 4",
        "line 2 left out, as a second line of the header: 'cm' and 'kg' above numbers",
    )


def test_lines_of_qualtrics_below_the_header_are_left_out(tmp_path: Path) -> None:
    tags = ",".join(f'"{{""ImportId"":""{name}""}}"' for name in "abc")
    table = read(tmp_path, f'a,b,kind\n"How, old?",Which?,Kind\n{tags}\n{ROWS}')
    assert (rows(table), table.notes) == (TABLE, ("lines 2 to 3 left out, which Qualtrics writes below the header",))


def test_words_for_missing_values_are_no_units(tmp_path: Path) -> None:
    assert len(read(tmp_path, f"a,b,kind\nn.a.,missing,x\n{ROWS}").frame) == 4
