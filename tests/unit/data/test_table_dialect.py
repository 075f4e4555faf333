"""Separators, quotes and fixed width."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.table_files import read, rows

ROWS = [["a", "b", "kind"], ["1.5", "2", "x"], ["2.5", "3", "y"], ["3.5", "1", "x"]]


def joined(separator: str) -> str:
    return "".join(separator.join(row) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    ("separator", "notes"),
    [
        (",", ()),
        (";", ()),
        ("\t", ()),
        ("|", ("cells are separated by |",)),
        (" ", ("cells are separated by white space",)),
        ("   ", ("cells are separated by white space",)),
    ],
)
def test_each_separator_is_found(tmp_path: Path, separator: str, notes: tuple[str, ...]) -> None:
    table = read(tmp_path, joined(separator))
    assert (rows(table), table.notes) == (ROWS, notes)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a;b;kind\n1,5;2,5;x\n2,5;1,5;y\n3,5;1;x\n", ["1,5", "2,5", "x"]),
        ("a b kind\n1,5 2,5 x\n2,5 3,5 y\n1,0 2,0 x\n", ["1,5", "2,5", "x"]),
        ("a\tb b\tkind\n1\t2 3\tx\n2\t3 4\ty\n", ["1", "2 3", "x"]),
        ("the first,the second\nof my,two words\nand a,third word\n", ["of my", "two words"]),
        ("id;text;kind\n1;hello, world;x\n2;foo, bar;y\n", ["1", "hello, world", "x"]),
        ('"a;b;c",d\n1,2\n2,3\n', ["1", "2"]),
    ],
)
def test_what_is_within_cells_does_not_separate(tmp_path: Path, content: str, expected: list[str]) -> None:
    assert rows(read(tmp_path, content))[1] == expected


def test_a_column_alone_is_none_of_words(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "a\n1\n2\n")) == [["a"], ["1"], ["2"]]
    assert rows(read(tmp_path, "my text\nvery good\nso bad\n", columns=["my text"]))[1:] == [["very good"], ["so bad"]]
    assert rows(read(tmp_path, "length\n0,5\n", columns=["length"]))[1:] == [["0,5"]]


def test_several_tabs_may_separate(tmp_path: Path) -> None:
    table = read(tmp_path, "a\tb\tkind\n1\t2\tx\n2\t\t3\ty\n" + "3\t4\tx\n" * 9)
    assert (len(table.frame), table.bad, table.notes) == (11, (), ("cells are separated by white space",))


class TestQuotes:
    """Of cells with separators, line ends and quotes."""

    def test_doubled_and_over_lines(self, tmp_path: Path) -> None:
        table = read(tmp_path, 'a,b\n1,"two\r\nlines, ""more"""\r\n2,x\n')
        assert rows(table)[1:] == [["1", 'two\r\nlines, "more"'], ["2", "x"]]
        assert table.frame.index.tolist() == [2, 4]

    def test_with_backslashes(self, tmp_path: Path) -> None:
        table = read(tmp_path, 'a,b,kind\n1,"say \\"hi\\", you",x\n\\N,"3",y\n3,"a \\"b\\"",x\n')
        assert rows(table)[1:] == [["1", 'say "hi", you', "x"], ["\\N", "3", "y"], ["3", 'a "b"', "x"]]
        assert table.notes == ("quotes within cells have a backslash before them",)

    def test_a_backslash_may_be_the_last_of_a_path(self, tmp_path: Path) -> None:
        assert rows(read(tmp_path, 'a,b\n1,"C:\\dir\\"\n2,"D:\\"\n'))[1:] == [["1", "C:\\dir\\"], ["2", "D:\\"]]

    def test_single_ones(self, tmp_path: Path) -> None:
        table = read(tmp_path, "'a','b'\n1,'it''s, ok'\n2,'y'\n")
        assert rows(table) == [["a", "b"], ["1", "it's, ok"], ["2", "y"]]
        assert table.notes == ("cells are quoted by single quotes",)

    def test_late_backslashes_are_found_too(self, tmp_path: Path) -> None:
        table = read(tmp_path, "a,b\n" + '1,"x, y"\n' * 300 + '2,"say \\"hi\\", you"\n')
        assert (rows(table)[-1], table.bad) == (["2", 'say "hi", you'], ())

    def test_a_text_between_tabs_may_begin_with_one(self, tmp_path: Path) -> None:
        table = read(tmp_path, 'a\tb\n1\t"Best" ever\n2\t5" pipe\n')
        assert rows(table)[1:] == [["1", '"Best" ever'], ["2", '5" pipe']]
        assert table.notes == ("quotes are read as part of the text, since many are not closed",)

    def test_an_apostrophe_is_none(self, tmp_path: Path) -> None:
        assert rows(read(tmp_path, "a,b\n'tis,x\nit's,y\n"))[1:] == [["'tis", "x"], ["it's", "y"]]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('2,"never closed', "a quote that is never closed, or a cell of more than 131,072 characters"),
            ('"2"3,x', "badly quoted: ',' expected after '\"'"),
            ("1", "1 cell instead of the 2 of the header: '1'"),
            ("1,2,3", "3 cells instead of the 2 of the header: '1 2 3'"),
        ],
    )
    def test_a_bad_row_is_named_and_the_others_are_read(self, tmp_path: Path, line: str, reason: str) -> None:
        table = read(tmp_path, f"a,b\n1,x\n{line}\n3,z\n4,x\n")
        assert rows(table)[1:] == [["1", "x"], ["3", "z"], ["4", "x"]]
        assert [str(row) for row in table.bad] == [f"line 3: {reason}"]
