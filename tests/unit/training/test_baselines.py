"""Simple models find what is simple in the data, and no more than that."""

from __future__ import annotations

import pytest
import torch
from support.digits import some_digits
from torch import Tensor

from tuner.core import catalog
from tuner.data.spec import DataSpec, Split, Splits, Task, moments
from tuner.training import simple_prediction
from tuner.training.baselines import simple_predictions
from tuner.training.simple_prediction import SimplePrediction


def splits_of(task: Task, inputs: Tensor, targets: Tensor, shape: tuple[int, ...]) -> Splits:
    """A half for training, a quarter each for validation and the test."""
    mean, std = ((), ()) if task == "text" else moments(inputs)
    classes = tuple(map(str, range(int(targets.max()) + 1)))
    spec = DataSpec(name="made-up", task=task, shape=shape, classes=classes, mean=mean, std=std)
    first, second = len(targets) // 2, 3 * len(targets) // 4
    parts = (slice(first), slice(first, second), slice(second, None))
    train, validation, test = (Split(inputs[part], targets[part]) for part in parts)
    return Splits(spec, train, validation, test)


def accuracies(splits: Splits) -> dict[str, float]:
    true = splits.test.targets.numpy()
    return {each.key: float((each.predicted == true).mean()) for each in simple_predictions(splits)}


def test_digits_are_told_apart_by_their_pixels() -> None:
    digits = some_digits()
    [found] = list(simple_predictions(digits))
    right = float((found.predicted == digits.test.targets.numpy()).mean())
    assert 0.93 < right < 1
    assert found.trained_on == len(digits.train.targets)


def test_a_line_through_columns_of_any_size_is_found_and_what_is_no_line_by_boosting_alone() -> None:
    drawn = torch.randn(1200, 2, generator=torch.Generator().manual_seed(0))
    inputs = drawn.double() * torch.tensor([1e6, 1e-3]) + torch.tensor([1e9, 0.0])
    line = accuracies(splits_of("tabular", inputs, (drawn.sum(1) > 0).long(), (2,)))
    assert line["logistic_regression"] > 0.97
    crossed = accuracies(splits_of("tabular", inputs, (drawn.prod(1) > 0).long(), (2,)))
    assert crossed["logistic_regression"] < 0.6
    assert crossed["gradient_boosting"] > 0.9


def test_a_text_is_told_by_its_words_and_by_pairs_of_them() -> None:
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(4, 200, (1200, 12), generator=generator)
    tokens[:, 9:] = 0  # padding
    tokens[torch.arange(1200), torch.randint(0, 9, (1200,), generator=generator)] = 1  # unknown words
    targets = torch.randint(0, 2, (1200,), generator=generator)
    tokens[:, 2], tokens[:, 6] = 2, 3  # each text has both words
    pair = torch.where(targets.bool()[:, None], torch.tensor([2, 3]), torch.tensor([3, 2]))
    tokens[:, 3:5] = pair  # and only their order tells the class
    splits = splits_of("text", tokens.to(torch.int16), targets, (12,))
    assert accuracies(splits)["logistic_regression"] > 0.95


def test_words_that_only_the_test_has_do_no_harm() -> None:
    tokens = torch.arange(400).reshape(100, 4) % 7 + 2
    targets = torch.arange(100) % 2
    tokens[:, 0] = targets + 2
    tokens[75:, 1:] = 900
    assert accuracies(splits_of("text", tokens, targets, (4,)))["logistic_regression"] == 1


def test_what_would_be_dear_is_trained_on_a_part_with_all_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = torch.randn(2000, 5, generator=torch.Generator().manual_seed(0))
    targets = (drawn[:, 0] > 0).long()
    targets[:3] = 2  # a rare class
    monkeypatch.setattr(simple_prediction, "WORK", 5 * 3 * 100)
    found: list[SimplePrediction] = list(simple_predictions(splits_of("tabular", drawn, targets, (5,))))
    assert [each.trained_on for each in found] == [pytest.approx(100, abs=2)] * 2


def test_gradient_boosting_is_left_out_where_it_would_take_minutes() -> None:
    drawn = torch.randn(800, 5, generator=torch.Generator().manual_seed(0))
    assert list(accuracies(splits_of("tabular", drawn, torch.arange(800) % 100, (5,)))) == ["logistic_regression"]


def test_large_images_are_made_smaller_and_keep_what_tells_them_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 80, (400, 3, 70, 90), generator=generator).to(torch.uint8)
    targets = torch.arange(400) % 2
    images[targets == 1, 1, :35] += 40
    assert accuracies(splits_of("image", images, targets, (3, 70, 90)))["logistic_regression"] > 0.95


def test_the_same_samples_give_the_same_predictions() -> None:
    wine: Splits = catalog.load("datasets", "breast_cancer").load(None)
    first, second = ([each.to_json() for each in simple_predictions(wine)] for _ in range(2))
    assert first == second
    assert SimplePrediction.from_json(first[0]).to_json() == first[0]
