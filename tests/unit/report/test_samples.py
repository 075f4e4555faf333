"""What is kept of the winner's look at the test split, and the scores of each class that are made from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import auc
from support.made_up_trials import images, make_winner, texts

from tuner.data.spec import Column, DataSpec, Split
from tuner.report.class_scores import MOST_POINTS, classification, confusion, roc_curves
from tuner.report.samples import samples, table_columns, to_pixels, weighted_words
from tuner.training.evaluation import DRAWN, WRONG, Predictions


def predictions(classes: int, samples: int, sure: float = 1.0) -> Predictions:
    return images([f"c{n}" for n in range(classes)], samples, (1, 2, 2), sure=sure).of_classes


def test_samples_are_drawn_at_random_and_the_most_confident_mistakes_added() -> None:
    found = predictions(5, 400)
    confidence, predicted = found.probabilities.max(1)
    assert (len(found.drawn), len(found.wrong), len(found.inputs)) == (DRAWN, WRONG, DRAWN + WRONG)
    assert not set(found.drawn.tolist()) & set(found.wrong.tolist())
    mistakes = {n for n in range(400) if predicted[n] != found.targets[n]} - set(found.drawn.tolist())
    assert set(found.wrong.tolist()) <= mistakes
    least = confidence[found.wrong[-1]]
    assert all(confidence[n] <= least for n in mistakes - set(found.wrong.tolist()))
    assert confidence[found.wrong].tolist() == sorted(confidence[found.wrong].tolist(), reverse=True)


def test_the_same_samples_are_drawn_for_every_model() -> None:
    assert torch.equal(predictions(5, 400, sure=0.5).drawn, predictions(5, 400, sure=9.0).drawn)


def test_a_small_split_and_a_model_without_mistakes_give_what_there_is() -> None:
    found = predictions(2, 6, sure=50.0)
    assert (found.drawn.tolist(), found.wrong.tolist()) == (list(range(6)), [])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.int16])
def test_what_is_saved_is_read_again(tmp_path: Path, dtype: torch.dtype) -> None:
    inputs = torch.arange(60).reshape(20, 3).to(dtype)
    saved = Predictions.of(Split(inputs, torch.arange(20) % 2), torch.randn(20, 2))
    saved.save(tmp_path)
    loaded = Predictions.load(tmp_path)
    assert torch.equal(loaded.inputs, inputs[torch.cat([saved.drawn, saved.wrong])])
    assert loaded.inputs.dtype == dtype
    assert torch.equal(loaded.probabilities, saved.probabilities)


def by_hand() -> Predictions:
    """Class 2 is never predicted."""
    logits = torch.tensor([[3.0, 1, 0], [3, 1, 0], [1, 3, 0], [0, 3, 1], [0, 3, 1], [3, 0, 1]])
    return Predictions.of(Split(torch.zeros(6, 1), torch.tensor([0, 0, 0, 1, 1, 2])), logits)


def test_scores_of_each_class_by_hand_with_a_class_that_is_never_predicted() -> None:
    assert confusion(by_hand()).tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    report = classification(by_hand(), ("a", "accuracy", "macro avg"))  # names that scikit-learn's own dict uses
    a, b, c = report.classes
    assert [a.precision, a.recall] == pytest.approx([2 / 3, 2 / 3])
    assert [b.precision, b.recall, b.f1] == pytest.approx([2 / 3, 1, 0.8])
    assert (a.support, b.support) == (3, 2)
    assert (c.precision, c.recall, c.f1, c.support) == (0, 0, 0, 1)
    assert report.accuracy == pytest.approx(4 / 6)
    assert report.macro.recall == pytest.approx((2 / 3 + 1) / 3)
    assert report.weighted.recall == pytest.approx(report.accuracy)
    assert report.to_json()["classes"][1]["name"] == "accuracy"


def test_two_classes_have_one_roc_curve_and_more_have_one_each() -> None:
    [curve] = roc_curves(predictions(2, 50), ("no", "yes"))
    assert curve.name == "yes"
    assert [each.name for each in roc_curves(predictions(3, 50), "xyz")] == ["x", "y", "z"]


def test_a_long_roc_curve_is_thinned_and_keeps_its_area() -> None:
    [curve] = roc_curves(predictions(2, 20_000, sure=0.5), ("no", "yes"))
    assert len(curve.false_positives) <= MOST_POINTS + 2
    assert (curve.false_positives[0], curve.true_positives[0]) == (0, 0)
    assert (curve.false_positives[-1], curve.true_positives[-1]) == (1, 1)
    assert auc(curve.false_positives, curve.true_positives) == pytest.approx(curve.auc, abs=1e-3)


def test_samples_name_truth_and_prediction() -> None:
    found = images(["cat", "dog"], 300, sure=1.0)
    shown = samples(found)
    assert [sample.confident_mistake for sample in shown] == [False] * DRAWN + [True] * WRONG
    assert all(not sample.right for sample in shown if sample.confident_mistake)
    for sample in shown:
        assert sample.truth == ("cat", "dog")[sample.index % 2]
        assert sample.probability == pytest.approx(found.of_classes.probabilities[sample.index].max().item())


def test_pictures_are_grey_or_coloured_and_reach_from_black_to_white() -> None:
    spec = DataSpec(name="x", task="image", shape=(1, 1, 2), classes=("a", "b"), mean=(0.0,), std=(1.0,), white=16)
    assert to_pixels(spec, torch.tensor([[[0, 16]]])).tolist() == [[0, 255]]
    assert to_pixels(spec, torch.tensor([[[0]], [[8]], [[99]]])).tolist() == [[[0, 128, 255]]]
    assert to_pixels(spec, torch.tensor([[[0]], [[16]]])).tolist() == [[127]]


def test_words_come_with_their_weight_and_without_padding() -> None:
    plain, weighted = texts(["one", "two"], attention=False), texts(["one", "two"], attention=True)
    assert {weight for _, weight in weighted_words(plain, 0)} == {0.0}
    found = weighted_words(weighted, 0)
    assert len(found) == int((weighted.predictions.inputs[0] != 0).sum())
    assert {word for word, _ in found} <= {"one", "two", "[?]"}


def test_words_are_marked_that_get_more_than_the_mean_attention() -> None:
    winner = texts(["one"], attention=True, steps=5)
    assert winner.attention is not None
    for weights, marks in (
        ([0.25, 0.25, 0.25, 0.25, 0], [0, 0, 0, 0, 0]),
        ([0.7, 0.1, 0.1, 0.1, 0], [1, 0, 0, 0, 0]),
        ([0.3, 0.2, 0.25, 0.25, 0], [0.2, 0, 0, 0, 0]),  # nearly alike: no strong mark
    ):
        winner.attention[0] = torch.tensor(weights)
        found = weighted_words(winner, 0)
        assert [mark for _, mark in found] == pytest.approx(marks[: len(found)], abs=1e-6)


def test_tables_show_the_raw_columns_where_they_are_known_and_numbered_features_elsewhere() -> None:
    named = (Column(name="age"), Column(name="colour", categories=("red", "blue")))
    inputs = torch.tensor([[30.0, 0, 1], [31.5, 1, 0], [32.0, 0, 0]])
    for spec_columns, names, row in (
        (named, ["age", "colour"], ["32", ""]),  # a category that was not known
        ((), ["feature 1", "feature 2", "feature 3"], ["32", "0", "0"]),
    ):
        spec = DataSpec(
            name="x",
            task="tabular",
            shape=(3,),
            classes=("a", "b"),
            mean=(0.0,) * 3,
            std=(1.0,) * 3,
            columns=spec_columns,
        )
        found, values = table_columns(make_winner(spec, inputs))
        assert (found, values[2]) == (names, row)
        assert np.asarray(values).shape == (3, len(names))
