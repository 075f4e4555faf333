"""Scores in words, and their digits."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from support.made_up_scores import TESTED

from tuner.core import scores as plain
from tuner.core.score_text import (
    class_name,
    decimals,
    difference_text,
    luck_text,
    score_digits,
    shown_score,
)
from tuner.core.scores import Difference, Interval
from tuner.core.target_kind import CLASSES

EARLIER = {"accuracy": 0.9833, "macro_f1": 0.9832, "roc_auc": 0.9998, "loss": 0.0535}


def test_a_score_is_shown_with_its_interval_its_samples_and_its_base() -> None:
    assert shown_score(TESTED, "accuracy") == "0.983 (0.964 to 0.992; 359 samples; always saying '3' gives 0.101)"
    assert shown_score(TESTED, "macro_f1") == "0.983 (0.964 to 0.992; always saying '3' gives 0.018)"
    assert shown_score(TESTED, "roc_auc") == "0.9998 (0.9991 to 0.9999)"
    assert shown_score(TESTED, "loss") == "0.054 (0.031 to 0.094; the class frequencies give 2.303)"


def test_a_score_of_an_earlier_version_is_shown_without_an_interval() -> None:
    read = plain.TestScores.from_json(EARLIER)
    assert [shown_score(read, name) for name in CLASSES.tested] == ["0.9833", "0.9832", "0.9998", "0.0535"]
    assert read.numbers() == EARLIER


def test_scores_come_back_from_json() -> None:
    raw = json.loads(json.dumps(asdict(TESTED)))
    assert raw["accuracy_interval"] == [0.96402, 0.99232]
    assert plain.TestScores.from_json(raw) == TESTED
    assert plain.TestScores.from_json({**raw, "of_a_later_version": 1}) == TESTED
    with pytest.raises(TypeError):
        plain.TestScores.from_json({"accuracy": 0.5})


def test_all_that_is_known_of_scores_is_told_as_numbers() -> None:
    numbers = TESTED.numbers()
    assert (numbers["accuracy_low"], numbers["accuracy_high"]) == TESTED.accuracy_interval
    assert (numbers["samples"], numbers["base_accuracy"], numbers["better_than_base"]) == (359, 0.10106, 1)
    assert "base_class" not in numbers


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [(0.38, 0.66, 2), (0.964, 0.992, 3), (0.9785, 0.9838, 4), (0.0, 1.0, 1), (150, 240, 0), (0.3, 0.3, 4)],
)
def test_as_many_decimals_are_shown_as_the_error_allows(low: float, high: float, digits: int) -> None:
    assert decimals(Interval(low, high)) == digits


def test_a_score_without_a_known_error_has_four_decimals() -> None:
    assert score_digits(0.98328) == "0.9833"


def difference(accuracy: float, low: float, high: float) -> Difference:
    return Difference(size=accuracy, interval=Interval(low, high), p=0.5, samples=1000)


def test_two_models_are_compared_in_points() -> None:
    assert difference_text(difference(0.008, 0.0011, 0.0151)) == "better by 0.8 points (0.1 to 1.5)"
    assert difference_text(difference(-0.04, -0.074, -0.007)) == "worse by 4.0 points (0.7 to 7.4)"
    assert difference_text(difference(0.01, -0.02, 0.041)) == "equal within noise (-2.0 to 4.1 points)"


def test_the_best_of_many_trials_is_told_to_be_optimistic() -> None:
    expected = (
        "the best of 16 trials on the same 359 samples, so some of it is luck: expect about 0.006 less on other data"
    )
    assert luck_text(0.0061, 16, 359) == expected
    assert luck_text(0.0061, 16, 359, Interval(0.96402, 0.99232)) == f"{expected} (0.964 to 0.992)"
    assert luck_text(None, 1, 359) == luck_text(0.006, 16, None) == luck_text(1e-5, 16, 359) == ""


def test_a_class_stays_on_its_line() -> None:
    assert class_name("a\nb\x1b[2J").isprintable()
    assert len(class_name("long " * 40)) == 30
