"""What a file is, by its first bytes and its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.core.errors import TunerError
from tuner.data.table_formats import is_table, refuse_others


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.ods", b"PK", "an OpenDocument spreadsheet: save it as .csv or .xlsx"),
        ("t.xls", b"\xd0\xcf\x11\xe0", "an old Excel workbook, or one with a password: save it as .csv or .xlsx"),
        ("t.json", b"a", "JSON: write it as .csv: pandas.read_json(FILE).to_csv('table.csv', index=False)"),
        ("t.csv", b'[{"a": 1}]', "JSON: "),
        ("t.jsonl", b"", "lines of JSON: write it as .csv: pandas.read_json(FILE, lines=True).to_csv("),
        ("t.sav", b"$FL2", "a file of SPSS: "),
        ("t.dta", b"<stata_dta>", "a file of Stata: write it as .csv: export delimited"),
        ("t.rds", b"X\n\x00\x00\x00", "an object of R: write it as .csv: write.csv(readRDS(FILE)"),
        ("t.csv", b"RDX3\nX\n\x00\x00", "objects of R: "),
        ("t.sql", b"", "statements of SQL: load it into its database, and export the table as .csv"),
        ("t.txt", b"INSERT INTO a VALUES (1);", "statements of SQL: "),
        ("t.csv", b"SQLite format 3\x00", "a database: export the table as .csv: sqlite3 -header -csv"),
        ("t.xls", b"\r\n<html><table>", "a web page: open it in a spreadsheet program"),
        ("t.csv", b"%PDF-1.7", "a PDF: "),
        ("t.gz", b"0" * 257 + b"ustar", "an archive: unpack it"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(name: str, content: bytes, words: str) -> None:
    with pytest.raises(TunerError) as error:
        refuse_others(Path(name), content)
    assert str(error.value).startswith(f"{name}: {words}")


def test_the_content_counts_more_than_the_name() -> None:
    refuse_others(Path("t.xls"), b"PK\x03\x04")
    refuse_others(Path("t.xyz"), b"a,b\n")
    refuse_others(Path("t.csv"), b"ORCID,RDX\n1,2\n")


def test_parts_of_a_table_in_a_folder() -> None:
    names = ["a.csv", "A.CSV.GZ", "a.tsv", "a.xlsx", "~$a.xlsx", ".a.csv", "a.md", "a.csv.crc", "_SUCCESS"]
    assert [name for name in names if is_table(Path(name))] == ["a.csv", "A.CSV.GZ", "a.tsv", "a.xlsx"]
