"""Files that are usual and unusual at once: read with a note, or refused with what to change."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from support.table_files import read, refusal, rows, write

from tuner.core.errors import TunerError
from tuner.data.table_classes import read_classes
from tuner.data.tables import read_table

NUMBERS = "\n".join(f"{n / 7:.6e} {n / 3:.6e} {n % 2}" for n in range(20))


@pytest.mark.parametrize("target", [None, "label"])
def test_the_header_of_numpy_savetxt_is_read(tmp_path: Path, target: str | None) -> None:
    table = read(tmp_path, f"# x1 x2 label\n{NUMBERS}\n", target=target)
    assert rows(table)[0] == ["x1", "x2", "label"]
    left_out = "the header begins with '#', as numpy.savetxt writes it, which is left out"
    assert (left_out if target else "the comment in line 1 is taken for the header") in table.notes


def test_a_header_with_another_separator_than_the_rows_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, f"x1,x2,label\n{NUMBERS}\n")
    with pytest.raises(
        TunerError,
        match="line 1: the names of the columns are separated by commas, and the rows below by spaces: separate the",
    ):
        read_table(path, target="label")


@pytest.mark.parametrize("separator", "^~:!.'\"\\#;\t|§X")
def test_whatever_separator_a_file_names_the_rows_are_read_or_told_to_have_another(
    tmp_path: Path, separator: str
) -> None:
    lines = [["name", "kind"], ["15", "u"], ["25", "v"]]
    told = f"sep={separator}\n"
    table = read(tmp_path, told + "".join(f"{separator.join(line)}\n" for line in lines))
    assert (rows(table), table.bad) == (lines, ())
    word = {";": "semicolons", "\t": "tabs"}.get(separator, f"'{separator}'")
    path = write(tmp_path, f"{told}name{separator}kind\n15,u\n25,v\n")
    with pytest.raises(TunerError) as error:
        read_table(path, target="kind")
    assert str(error.value) == (
        f"{path}, line 2: the names of the columns are separated by {word}, and the rows below by commas: "
        "separate the names by commas too"
    )


def test_lines_of_json_are_refused_with_what_reads_them(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"a": n, "user": {"age": n}}) + "\n" for n in range(5))
    for name in ("t.jsonl", "t.json", "t.jsonl.gz", "t.csv"):
        content = gzip.compress(lines.encode()) if name.endswith(".gz") else lines
        path = write(tmp_path, content, name)
        advice = "pandas.read_json(FILE, lines=True).to_csv('table.csv', index=False)"
        assert refusal(path) == f": lines of JSON: write it as .csv: {advice}"
        assert len(pd.read_json(path, lines=True)) == 5
    assert refusal(write(tmp_path, '{"a": [1, 2]}')).startswith(": JSON: ")
    assert refusal(write(tmp_path, '{\n"a": {\n"b": 1}}')).startswith(": JSON: ")


def test_the_log_of_a_web_server_is_named(tmp_path: Path) -> None:
    line = '10.0.0.7 - - [10/Oct/2023:13:55:36 +0200] "GET /a HTTP/1.1" 200 17 "-" "Agent (X; Y)"\n'
    assert refusal(write(tmp_path, line * 9)).startswith(": the log of a web server, which is no table: write what")


def test_nested_columns_of_parquet_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1, 2], "tags": [["x"], []], "loc": [{"lat": 1.0}] * 2, "y": ["u", "v"]}).to_parquet(path)
    table = read_table(path, target="y")
    assert rows(table) == [["a", "y"], ["1", "u"], ["2", "v"]]
    assert table.notes[0].startswith("2 columns left out, since lists and structures are not read: 'tags' (list<")
    with pytest.raises(TunerError, match="column 'tags' holds list<"):
        read_table(path, columns=["a", "tags"])


def test_what_a_client_of_a_database_says_around_the_rows_is_passed_over(tmp_path: Path) -> None:
    lines = "".join(f"{n:7d} {'xy'[n % 2]:4s} {n * 3 % 11:5d}\n" for n in range(1, 30))
    head = "SQL> select * from t;\n\n      A KIND     B\n------- ---- -----\n"
    table = read(tmp_path, f"{head}{lines}\n29 rows selected.\n\nSQL> spool off\n", target="KIND")
    assert (rows(table)[0], len(table.frame), table.bad) == (["A", "KIND", "B"], 29, ())
    assert {"line 1 passed over: 'SQL> select * from t;'", "line 35 passed over: '29 rows selected.'"} <= {*table.notes}


def test_a_ragged_row_is_quoted(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n1,2,3\n4,5,6\nThe end.\n")
    assert [str(row) for row in table.bad] == ["line 4: 1 cell instead of the 3 of the header: 'The end.'"]


def test_a_class_that_is_a_blank_cell_is_explained() -> None:
    with pytest.raises(
        TunerError, match=r"1 different value in 9 rows, and 4 rows without .*: if an empty cell is a cl"
    ):
        read_classes(pd.Series(["x"] * 9, name="y"), "t.csv", empty=4)
