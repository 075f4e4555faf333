"""Which spellings are one category."""

from __future__ import annotations

import pytest

from tuner.data.categories import MISSING, UNKNOWN, Categories, differ_by_case, join_spellings


@pytest.mark.parametrize(
    ("names", "text", "place"),
    [
        (["red", "blue"], "blue", 1),
        (["red", "blue"], "Blue", UNKNOWN),
        (["red", "blue"], "", MISSING),
        (["red", "blue"], "NA", MISSING),
        (["TRUE", "FALSE"], "True", 0),
        (["yes", "no"], "YES", 0),
        (["yes", "no", "perhaps"], "YES", UNKNOWN),
        (["3", "x"], "3.0", 0),
        (["007", "x"], "7", 0),
        (["2.50", "x"], "2.5", 0),
        (["NA", "x"], "NA", 0),  # of a model of the version before
        (["\u00e9t\u00e9", "x"], "e\u0301te\u0301", 0),
    ],
)
def test_a_text_has_its_place(names: list[str], text: str, place: int) -> None:
    assert Categories(names).places([text]) == [place]


def test_spellings_are_joined_under_the_most_frequent() -> None:
    joined = join_spellings({"True": 2, "TRUE": 5, "false": 1, "maybe": 1})
    assert joined == {"TRUE": ["TRUE", "True"], "false": ["false"], "maybe": ["maybe"]}


def test_names_that_differ_by_case_or_spaces_are_found() -> None:
    assert differ_by_case(["New York", "new  york", "Rome", "YES", "no"]) == [["New York", "new  york"]]
