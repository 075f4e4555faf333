"""Classes of a user's table that look wrong."""

from __future__ import annotations

import pandas as pd
import pytest

from tuner.core.errors import TunerError
from tuner.data.table_classes import read_classes


def classes(**counts: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return read_classes(pd.Series([name for name, count in counts.items() for _ in range(count)], name="y"), "csv:x")


def test_classes_that_differ_by_case_alone_are_named() -> None:
    names, notes = classes(Yes=40, yes=5, no=30)
    assert names == ("Yes", "no", "yes")
    assert notes == (
        "the classes 'Yes' (40 rows) and 'yes' (5 rows) differ by their spelling alone and are kept apart: "
        "write them alike to join them",
    )


def test_a_rare_spelling_is_refused_with_the_other_one() -> None:
    with pytest.raises(TunerError) as error:
        classes(Yes=40, yes=1, no=30)
    assert str(error.value) == (
        "csv:x: the classes 'Yes' (40 rows) and 'yes' (1 rows) differ by their spelling alone: write them alike"
    )


@pytest.mark.parametrize("word", ["NA", "nan", "None", "-", "unknown"])
def test_a_class_that_is_a_word_for_a_missing_value_is_asked_about(word: str) -> None:
    names, notes = classes(**{word: 10, "mild": 10, "severe": 10})
    assert word in names
    assert notes == (
        f"the class '{word}' (10 rows) is a word for a missing value and is kept as a class: "
        "leave these cells empty if they have no class",
    )
