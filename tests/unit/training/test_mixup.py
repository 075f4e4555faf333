"""Mixup: how much is mixed, what of, and that the loss is that of the mixed classes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from scipy import stats
from support.digits import some_digits
from support.model_inputs import make_spec
from torch.nn import functional

from tuner.core.errors import TunerError
from tuner.data.spec import Column, NumberTarget, Splits
from tuner.training.classifier import build_classifier, try_value
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit
from tuner.training.mixup import MixedTargets, draw_shares, mix
from tuner.training.targets.classes import Classes, mean_loss

CLASSES = 3


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def splits() -> Splits:
    """150 digits."""
    return some_digits(150)


@pytest.mark.parametrize("alpha", [0.1, 0.4, 1.0, 4.0])
def test_the_shares_are_those_of_a_beta_distribution(alpha: float) -> None:
    shares = draw_shares(alpha, 2000, 3)
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01
    assert stats.kstest(shares, stats.beta(2 * alpha, 2 * alpha).cdf).pvalue < 1e-6


def test_the_shares_depend_on_the_seed_and_not_on_torchs_random_numbers() -> None:
    torch.manual_seed(1)
    first = draw_shares(0.4, 20, 3)
    state = torch.random.get_rng_state()
    assert draw_shares(0.4, 20, 3) == first
    assert draw_shares(0.4, 20, 4) != first
    assert torch.equal(torch.random.get_rng_state(), state)


def test_without_it_nothing_is_mixed_and_nothing_drawn() -> None:
    inputs, targets, source = torch.randn(4, 2), torch.arange(4), generator()
    before = source.get_state()
    [share] = draw_shares(0.0, 1, 0)
    same, mixed = mix(inputs, targets, share, source)
    assert same is inputs
    assert (mixed.first is targets, mixed.second) == (True, None)
    assert torch.equal(source.get_state(), before)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_samples_and_targets_are_mixed_with_the_same_others(dtype: torch.dtype) -> None:
    inputs = (torch.eye(50) * 200).to(dtype)  # a sample says which one it is
    targets = torch.arange(50)
    mixed, classes = mix(inputs, targets, 0.75, generator())
    assert mixed.dtype == (torch.float32 if dtype == torch.uint8 else dtype)
    assert classes.second is not None
    assert sorted(classes.second.tolist()) == list(range(50))
    for row, first, second in zip(mixed, classes.first, classes.second, strict=True):
        expected = torch.zeros(50, dtype=mixed.dtype)
        expected[first] += 150
        expected[second] += 50
        assert torch.equal(row, expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_that_of_the_mixed_classes(smoothing: float) -> None:
    logits, first = torch.randn(20, CLASSES, generator=generator(1)), torch.arange(20) % CLASSES
    second, share = first.roll(1), 0.3
    soft = share * functional.one_hot(first, CLASSES) + (1 - share) * functional.one_hot(second, CLASSES)
    expected = functional.cross_entropy(logits, soft, label_smoothing=smoothing)
    mixed = MixedTargets(first, second, share)
    loss = mixed.mean(partial(Classes().loss, logits, weights=None, label_smoothing=smoothing))
    assert loss.item() == pytest.approx(expected.item())


def test_weights_of_classes_count_by_share() -> None:
    logits, first = torch.randn(20, CLASSES, generator=generator(1)), torch.arange(20) % CLASSES
    second, weights = first.roll(1), torch.tensor([1.0, 2.0, 5.0])
    loss = MixedTargets(first, second, 0.3).mean(partial(Classes().loss, logits, weights=weights, label_smoothing=0.0))
    each = [mean_loss(logits, targets, weights, 0.0).item() for targets in (first, second)]
    assert loss.item() == pytest.approx(0.3 * each[0] + 0.7 * each[1])


def test_a_mixed_sample_is_right_by_the_share_of_the_class_that_is_said() -> None:
    outputs = torch.eye(2)
    mixed = MixedTargets(torch.tensor([0, 0]), torch.tensor([1, 0]), 0.75)  # the second one is wrong altogether
    assert mixed.mean(partial(Classes().tally, outputs)).item() == pytest.approx(0.75)


def trained(splits: Splits, **hyperparameters: Any) -> list[dict[str, float]]:
    torch.manual_seed(0)
    model = build_classifier(splits.spec, "cnn", {"width": 0.125})
    how = Hyperparameters(batch_size=16, optimizer="adam", lr=0.01, **hyperparameters)
    training = Training(model, how, epochs=8, seed=5, device=torch.device("cpu"))
    return [each.numbers() | {"epoch_seconds": 0} for each in fit(training, splits.train, splits.validation, ())]


def test_a_training_with_it_learns_other_weights_and_is_repeated_to_the_digit(splits: Splits) -> None:
    plain, mixed = trained(splits), trained(splits, mixup=0.4)
    assert mixed != plain
    assert mixed == trained(splits, mixup=0.4)
    assert mixed[-1]["val_accuracy"] > 0.5  # chance is 0.1
    assert all(0 <= each["train_accuracy"] <= 1 for each in mixed)
    assert mixed[-1]["train_loss"] > plain[-1]["train_loss"]  # mixed classes cannot be told for sure


def test_it_is_refused_where_samples_cannot_be_mixed() -> None:
    with pytest.raises(TunerError) as caught:
        try_value(make_spec("text", (16,)), "lstm", "mixup", 0.2)
    assert str(caught.value) == "mixup mixes numbers, and texts are words: leave it out"
    houses = replace(make_spec("tabular", (4,)), classes=(), number=NumberTarget(column=Column(name="price"), std=2.0))
    with pytest.raises(TunerError) as caught:
        try_value(houses, "mlp", "mixup", 0.2)
    assert str(caught.value) == "mixup is for classes, and 'price' is a number"
    try_value(make_spec("text", (16,)), "lstm", "mixup", 0)
    try_value(make_spec("tabular", (4,)), "mlp", "mixup", 0.2)
    try_value(make_spec("image", (1, 8, 8)), "cnn", "mixup", 0.2)
