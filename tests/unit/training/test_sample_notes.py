"""Notes are counted by their kind."""

from __future__ import annotations

from tuner.training.sample_notes import MOST_NAMED, Note, Notes


def test_a_kind_is_one_line_with_its_count_and_first_example() -> None:
    notes = Notes("row")
    notes.add("t.csv:2", [Note("odd", "age 900", ("'age'", "'size'"))])
    notes.add("t.csv:3", [Note("odd", "age 800", ("'age'",)), Note("plain")])
    notes.add("t.csv:4", [])
    assert notes.lines(1000) == [
        "2 of 1,000 rows: odd: 'age' (2), 'size' (1); such as t.csv:2 (age 900)",
        "1 of 1,000 rows: plain; such as t.csv:3",
    ]


def test_many_names_are_cut() -> None:
    notes = Notes("row")
    notes.add("t.csv:2", [Note("odd", "", tuple(f"c{number}" for number in range(MOST_NAMED + 3)))])
    assert notes.lines(1) == ["1 of 1 row: odd: c0 (1), c1 (1), c2 (1), c3 (1), c4 (1) and 3 more; such as t.csv:2"]


def test_notes_on_files_name_the_first_and_count_the_others() -> None:
    notes = Notes("row")
    for file in ("a.csv", "b.csv", "c.csv"):
        notes.add_file(file, Note("blank lines", "3"))
    assert notes.lines(5) == ["a.csv: blank lines: 3 (and in 2 others)"]
