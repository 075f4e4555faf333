"""True classes, and the accuracy with its interval."""

from __future__ import annotations

import pytest

from tuner.training.true_classes import Accuracy, ClassNames


def test_a_class_is_found_whatever_its_case_spaces_or_spelling_as_a_number() -> None:
    names = ClassNames(("cat", "Dog", "1", "2"))
    found = [names.find(text) for text in ("cat", " CAT ", "dog", "1.0", "02", "zebra", "", "3")]
    assert found == ["cat", "cat", "Dog", "1", "2", None, None, None]


def test_classes_that_differ_in_case_alone_are_found_by_their_exact_name_alone() -> None:
    names = ClassNames(("a", "A"))
    assert [names.find(text) for text in ("a", "A", " a")] == ["a", "A", None]


def test_the_accuracy_counts_known_classes_and_has_the_interval_of_wilson() -> None:
    accuracy = Accuracy()
    accuracy.add([("a", "a")] * 8 + [("a", "b")] * 2 + [("a", None)] * 5)
    assert (accuracy.right, accuracy.known) == (8, 10)
    assert accuracy.interval() == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert str(accuracy) == "accuracy 0.80, 8 of 10 right (95 % interval: 0.49 to 0.94)"
