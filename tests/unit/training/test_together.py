"""Trainings of one shape take their steps together: each as alone, whatever the others do."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.digits import some_digits

from tuner.core import catalog
from tuner.data.spec import Splits
from tuner.training import device
from tuner.training.classifier import build_classifier
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.hyperparameters import split_parameters
from tuner.training.loop import Epoch, Training, epochs_left
from tuner.training.targets import target_of
from tuner.training.together import Together, shape_of

LOSS, WEIGHTS = 2e-3, 0.05
"""How far apart numbers may be after two epochs in float32: sums are rounded in another order, and Adam divides small
gradients by their own size. Seen: 3e-4 and 0.01 at most."""


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16, where the CPU has it, would hide small differences."""
    monkeypatch.setattr(device, "_has_bf16", lambda _: False)


def rows() -> Splits:
    splits: Splits = catalog.load("datasets", "breast_cancer").load(Path())
    return splits


def images() -> Splits:
    return some_digits(300)


class Trial:
    """A training with the epochs that it asks for."""

    def __init__(self, splits: Splits, model: str, number: int, **given: Any) -> None:
        parameters = {
            "batch_size": 32,
            "optimizer": ("sgd", "adamw", "adam")[number % 3],
            "lr": (0.02, 0.001, 0.002)[number % 3],
            "momentum": (0.0, 0.9)[number % 2],
            "weight_decay": 1e-3 * (number + 1),
            "label_smoothing": 0.1 * (number % 2),
            "class_weight": ("none", "balanced")[number == 2],
            "dropout": 0.15 * number,
            **given,
        }
        hyperparameters, arguments = split_parameters(model, parameters)
        torch.manual_seed(number)
        built = build_classifier(splits.spec, model, arguments)
        self.training = Training(
            built, hyperparameters, epochs=4, seed=7 + number, device=torch.device("cpu"), target=target_of(splits.spec)
        )
        self._epochs = self._left(splits)

    def _left(self, splits: Splits) -> Iterator[Epoch]:
        return epochs_left(self.training, splits.train, splits.validation, splits.spec.augment)

    def next(self) -> Epoch:
        return next(self._epochs)

    def weights(self) -> torch.Tensor:
        return torch.cat([each.detach().flatten() for each in self.training.model.parameters()])


def train_together(trials: list[Trial], epochs: int = 2) -> list[EpochMetrics]:
    found: list[EpochMetrics] = []
    fused: Together | None = None
    for _ in range(epochs):
        asked = [trial.next() for trial in trials]
        assert len({shape_of(epoch) for epoch in asked}) == 1
        assert shape_of(asked[0]) is not None
        fused = fused or Together(asked[0])
        found = [epoch.finish(done) for epoch, done in zip(asked, fused.train(asked), strict=True)]
    return found


def train_alone(trials: list[Trial], epochs: int = 2) -> list[EpochMetrics]:
    found: list[EpochMetrics] = []
    for _ in range(epochs):
        asked = [trial.next() for trial in trials]
        found = [epoch.finish(epoch.train_alone()) for epoch in asked]
    return found


@pytest.mark.parametrize(
    ("model", "given"),
    [
        ("mlp", {"blocks": "plain"}),
        ("mlp", {"blocks": "residual"}),
        ("lenet", {}),
        ("lenet", {"batch_norm": False, "activation": "tanh"}),
        ("cnn", {"width": 0.25}),
    ],
)
def test_each_trial_comes_to_the_numbers_that_it_has_alone(model: str, given: dict[str, Any]) -> None:
    """With optimizers, rates, decays, dropout, smoothing and class weights of their own, and random augmentation."""
    splits = rows() if model == "mlp" else images()
    alone, together = ([Trial(splits, model, number, **given) for number in range(4)] for _ in range(2))
    expected, found = train_alone(alone), train_together(together)
    for one, other, before, after in zip(expected, found, alone, together, strict=True):
        assert other.train_loss == pytest.approx(one.train_loss, rel=LOSS)
        assert other.val_loss == pytest.approx(one.val_loss, rel=LOSS)
        assert (other.epoch, other.lr) == (one.epoch, one.lr)
        torch.testing.assert_close(after.weights(), before.weights(), rtol=0, atol=WEIGHTS)
        left, right = before.training.state_dict(), after.training.state_dict()
        assert left["optimizer"]["param_groups"] == right["optimizer"]["param_groups"]
        assert {k: sorted(v) for k, v in left["optimizer"]["state"].items()} == {
            k: sorted(v) for k, v in right["optimizer"]["state"].items()
        }


def test_numbers_that_are_none_stay_with_their_trial() -> None:
    good, spoilt = ([Trial(rows(), "mlp", number, blocks="residual") for number in range(4)] for _ in range(2))
    with torch.no_grad():
        next(spoilt[1].training.model.parameters()).fill_(float("nan"))
    expected, found = train_together(good), train_together(spoilt)
    assert [metrics.finite for metrics in found] == [True, False, True, True]
    for number in (0, 2, 3):
        assert found[number].val_loss == expected[number].val_loss
        assert torch.equal(good[number].weights(), spoilt[number].weights())


def test_a_trial_goes_on_alone_with_others_and_from_its_state() -> None:
    """After two epochs together, the third is the same in the pack, alone, and in a training that is restored."""
    first, second = ([Trial(rows(), "mlp", number, blocks="plain") for number in range(3)] for _ in range(2))
    train_together(first)
    train_together(second)
    restored = Trial(rows(), "mlp", 1, blocks="plain")
    restored.training.load_state_dict(copy.deepcopy(first[1].training.state_dict()))
    [expected] = train_alone([restored], epochs=1)
    [alone] = train_alone([first[1]], epochs=1)
    together = train_together(second[1:], epochs=1)[0]  # with one neighbour less
    assert alone.val_loss == expected.val_loss
    assert together.val_loss == pytest.approx(expected.val_loss, rel=LOSS)


@pytest.mark.parametrize("given", [{"ema": 0.9}, {"mixup": 0.2}])
def test_what_changes_weights_or_samples_otherwise_is_trained_alone(given: dict[str, float]) -> None:
    assert shape_of(Trial(rows(), "mlp", 0, **given).next()) is None


def test_only_trials_of_one_shape_and_batch_size_are_trained_together() -> None:
    given: tuple[dict[str, Any], ...] = (
        {},
        {"hidden_size": 64},
        {"num_layers": 1},
        {"blocks": "residual"},
        {"batch_size": 64},
    )
    shapes = [shape_of(Trial(rows(), "mlp", 0, **each).next()) for each in given]
    assert len(set(shapes)) == len(given)
    assert shape_of(Trial(rows(), "mlp", 1).next()) == shapes[0]


def test_a_network_that_cannot_be_stacked_says_so_and_nothing_has_changed() -> None:
    trials = [Trial(rows(), "mlp", number, blocks="plain") for number in range(2)]
    for trial in trials:
        trial.training.model.get_submodule("network.0").add_module("2", torch.nn.AlphaDropout(0.5))
    before = [trial.weights() for trial in trials]
    asked = [trial.next() for trial in trials]
    with pytest.raises(RuntimeError, match="random"):
        Together(asked[0]).train(asked)
    assert all(torch.equal(one, trial.weights()) for one, trial in zip(before, trials, strict=True))
