"""`--set` on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from tuner.core.errors import TunerError
from tuner.search.overrides import override
from tuner.search.space_file import parse_space

LOG = {"low": 0.1, "high": 1.0, "log": True}
WHOLE = {"low": 1, "high": 9}
ALTERNATIVES = [{"when": {"optimizer": "sgd"}, **LOG}, {"when": {"optimizer": "adam"}, **LOG}]


@pytest.mark.parametrize(
    ("value", "entry"),
    [
        ("3", 3),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-4", 1e-4),
        ("true", True),
        ("false", False),
        ("adam", "adam"),
        ("'20'", "20"),
        ("None", "None"),
        ("1e-4,1e-3", {"choices": [1e-4, 1e-3]}),
        ("sgd, adam", {"choices": ["sgd", "adam"]}),
        ("1,a,true", {"choices": [1, "a", True]}),
        ("1..5", {"low": 1, "high": 5}),
        ("-1..1", {"low": -1, "high": 1}),
        ("0.1..0.5", {"low": 0.1, "high": 0.5}),
        (".1 .. .5", {"low": 0.1, "high": 0.5}),
        ("1e-5..1e-2", {"low": 1e-5, "high": 1e-2}),
    ],
)
def test_a_value_choices_or_a_range_is_read_as_its_literals_say(value: str, entry: Any) -> None:
    [(name, read)] = override({}, [f"x={value}"])["params"].items()
    assert (name, read, type(read)) == ("x", entry, type(entry))


@pytest.mark.parametrize(
    ("previous", "value", "entry"),
    [
        (LOG, "0.2..0.4", {"low": 0.2, "high": 0.4, "log": True}),
        (LOG, "1..2", {"low": 1.0, "high": 2.0, "log": True}),
        (LOG, "0..2", {"low": 0.0, "high": 2.0}),
        (WHOLE, "2..3", {"low": 2, "high": 3}),
        (WHOLE, "0.5..3", {"low": 0.5, "high": 3}),
        (ALTERNATIVES, "1..2", {"low": 1.0, "high": 2.0, "log": True}),
        (ALTERNATIVES, "0.3", 0.3),
        ({"choices": [1, 2]}, "1..2", {"low": 1, "high": 2}),
        (7, "1..2", {"low": 1, "high": 2}),
    ],
)
def test_a_range_stays_logarithmic_and_of_floats_where_the_one_before_was(
    previous: Any, value: str, entry: Any
) -> None:
    read = override({"params": {"x": previous}}, [f"x={value}"])["params"]["x"]
    assert read == entry
    if isinstance(entry, dict):
        assert [type(read[end]) for end in ("low", "high")] == [type(entry[end]) for end in ("low", "high")]


@pytest.mark.parametrize("expression", ["lr", "lr=", "=3", "=", "", " = 3"])
def test_an_expression_without_name_or_value_is_answered_with_the_forms(expression: str) -> None:
    with pytest.raises(TunerError) as caught:
        override({}, [expression])
    assert str(caught.value) == f"--set '{expression}': use NAME=VALUE, NAME=A,B,C or NAME=LOW..HIGH"


@pytest.mark.parametrize("value", ["a..b", "1..", "..1", "true..false", "1..2,3", "..", "'1'..'2'"])
def test_a_range_that_is_not_of_numbers_is_refused(value: str) -> None:
    with pytest.raises(TunerError) as caught:
        override({}, [f"lr={value}"])
    assert str(caught.value).startswith(f"--set 'lr={value}': {value} is not a range of numbers: use NAME=VALUE")


def test_the_space_that_was_given_is_left_as_it_was() -> None:
    raw = {"epochs": 9, "params": {"lr": dict(LOG), "depth": 20}}
    changed = override(raw, ["lr=1..2", "depth=32", "width=2"])
    assert raw == {"epochs": 9, "params": {"lr": LOG, "depth": 20}}
    assert changed["epochs"] == 9
    assert list(changed["params"]) == ["lr", "depth", "width"]


def test_the_last_of_two_for_one_name_counts() -> None:
    assert override({}, ["x=1", "x=2"])["params"] == {"x": 2}


def test_a_value_may_hold_an_equals_sign() -> None:
    assert override({}, ["x=a=b"])["params"] == {"x": "a=b"}


@pytest.mark.parametrize("params", [3, "ab", [1], [{"lr": 1}], True])
@pytest.mark.parametrize("expressions", [[], ["lr=1"]])
def test_params_that_are_no_table_come_to_the_error_of_the_space(params: Any, expressions: list[str]) -> None:
    with pytest.raises(TunerError, match=r"^space\.toml: \[params\] is missing or empty$"):
        parse_space(override({"epochs": 1, "params": params}, expressions), "space.toml")


@pytest.mark.parametrize("value", ["3in", "0x1for", "b'x'", "1j", "{}", "[]", "(", "__import__('os')", "9" * 5000])
def test_a_text_that_is_no_number_stays_as_it_is(value: str) -> None:
    assert override({}, [f"x={value}"])["params"]["x"] == value
