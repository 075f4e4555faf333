"""The error that a user reads."""

from __future__ import annotations

import pytest

from tuner.core.errors import TunerError, unknown

COLOURS = ["red", "green", "blue", "grey"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gren", "unknown colour 'gren': did you mean green or grey?"),
        ("blu", "unknown colour 'blu': did you mean blue?"),
        ("purple", "unknown colour 'purple': choose one of blue, green, grey, red"),
        ("", "unknown colour '': choose one of blue, green, grey, red"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_or_else_with_all(name: str, message: str) -> None:
    assert str(unknown("colour", name, COLOURS)) == message


def test_the_choices_may_be_used_up_by_looking_at_them() -> None:
    assert str(unknown("colour", "x", iter(COLOURS))) == "unknown colour 'x': choose one of blue, green, grey, red"


def test_no_more_than_three_are_named_when_many_are_near() -> None:
    assert str(unknown("run", "run-1", [f"run-1{n}" for n in range(9)])).count("run-1") == 4


def test_it_is_a_value_error() -> None:
    assert isinstance(unknown("colour", "x", COLOURS), TunerError)
    assert issubclass(TunerError, ValueError)
