"""The average of the weights: its formula, where it takes their place, and that it changes nothing else."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from support.digits import some_digits
from torch import Tensor, nn

from tuner.data.spec import Splits
from tuner.training.average import WeightAverage, last_weights
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.epoch_scores import evaluate
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit, train_epoch

CPU = torch.device("cpu")
DECAY = 0.8


@pytest.fixture(scope="module")
def splits() -> Splits:
    """150 digits."""
    return some_digits(150)


def start(splits: Splits, ema: float = DECAY) -> Training:
    torch.manual_seed(0)
    model = build_classifier(splits.spec, "cnn", {"width": 0.125, "dropout": 0.3})
    how = Hyperparameters(batch_size=32, optimizer="adam", lr=0.02, ema=ema)
    return Training(model, how, epochs=4, seed=5, device=CPU)


def same(one: Any, other: Any) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def held(training: Training) -> dict[str, Tensor]:
    """A copy of the weights that the model has now."""
    return copy.deepcopy(training.model.state_dict())


def test_it_is_the_exponential_average_with_a_warm_up() -> None:
    layer = nn.Linear(1, 1, bias=False)
    average = WeightAverage(layer, 0.5)
    expected = layer.weight.item()
    for step in range(12):
        with torch.no_grad():
            layer.weight.fill_(float(step**2))
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step**2
    assert decay == 0.5
    assert average.state_dict()["weights"]["weight"].item() == pytest.approx(expected)
    assert layer.weight.item() == 121


def test_it_averages_trained_weights_and_batch_statistics_and_no_other_buffer() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    network[0].weight.requires_grad_(False)
    network.register_buffer("mask", torch.tensor([-torch.inf, 0.0]))  # an average of it would be no number
    names = set(WeightAverage(network, 0.9).state_dict()["weights"])
    left_out = {"0.weight", "1.num_batches_tracked", "mask"}
    assert names == set(network.state_dict()) - left_out


def test_weights_that_two_layers_share_are_averaged_once() -> None:
    one, other = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    other.weight = one.weight
    network = nn.Sequential(one, other)
    average = WeightAverage(network, 0.9)
    with torch.no_grad():
        one.weight.fill_(10.0)
    average.update()
    weights = copy.deepcopy(last_weights({"model": network.state_dict(), "average": average.state_dict()}))
    assert same({"a": weights["0.weight"]}, {"a": weights["1.weight"]})
    assert float(weights["0.weight"].mean()) == pytest.approx(9, abs=0.2)  # 0.1 of those of before, 0.9 of 10
    with average.in_place():
        assert torch.equal(one.weight, weights["0.weight"])
    assert torch.equal(other.weight, torch.full((2, 2), 10.0))


def test_averaging_leaves_the_training_as_it_is_and_changes_what_is_validated(splits: Splits) -> None:
    plain, averaged = start(splits, 0.0), start(splits)
    first, second = (list(fit(each, splits.train, splits.validation, ("crop",))) for each in (plain, averaged))
    assert same(plain.model.state_dict(), averaged.model.state_dict())
    assert [each.train_loss for each in first] == [each.train_loss for each in second]
    assert [each.val_loss for each in first] != [each.val_loss for each in second]
    assert plain.average is None


def test_the_scores_and_what_is_kept_are_those_of_the_average(splits: Splits) -> None:
    training = start(splits)
    kept, own = {}, {}
    for epoch in fit(training, splits.train, splits.validation, ()):
        own[epoch.epoch] = held(training)
        with training.averaged():
            kept[epoch.epoch] = held(training)
        assert same(own[epoch.epoch], training.model.state_dict())
    assert training.kept_metrics is not None
    best = training.kept_metrics
    assert same(training.kept_weights, kept[best.epoch])
    assert not same(training.kept_weights, own[best.epoch])
    model = build_classifier(splits.spec, "cnn", {"width": 0.125, "dropout": 0.3}).to(memory_format=training.layout)
    model.load_state_dict(training.kept_weights)
    found = evaluate(model, splits.validation)
    assert (found.loss, found.accuracy) == (best.val_loss, best.val_accuracy)


def test_the_last_weights_of_a_checkpoint_are_the_average(splits: Splits) -> None:
    training = start(splits)
    list(fit(training, splits.train, splits.validation, ()))
    file = io.BytesIO()
    torch.save(training.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    with training.averaged():
        assert same(last_weights(state), training.model.state_dict())
    del state["average"]
    assert same(last_weights(state), training.model.state_dict())


def test_a_checkpoint_without_an_average_begins_a_new_one(splits: Splits) -> None:
    """As population based training copies it, from a trial without."""
    old = start(splits, 0.0)
    train_epoch(old, splits.train, ())
    training = start(splits)
    training.load_state_dict(old.state_dict())
    with training.averaged():
        assert same(training.model.state_dict(), old.model.state_dict())


def test_the_average_of_few_steps_has_forgotten_the_first_weights() -> None:
    """With a constant decay of 0.999, 90 % of it would be random after 100 steps."""
    layer = nn.Linear(1, 1)
    average = WeightAverage(layer, 0.999)
    with torch.no_grad():
        layer.weight.fill_(1000.0)
    for _ in range(100):
        average.update()
    assert average.state_dict()["weights"]["weight"].item() == pytest.approx(1000, rel=1e-3)


def test_a_frozen_networks_head_is_averaged_too(splits: Splits) -> None:
    """The head is evaluated by itself there: it must be the same parameters."""
    head = nn.Linear(64, 10)
    model = Classifier(splits.spec, nn.Sequential(nn.Flatten(), head))
    training = Training(model, Hyperparameters(batch_size=32, ema=0.9), epochs=1, seed=0, device=CPU)
    training.evaluated = head
    train_epoch(training, splits.train, ())
    before = head.weight.detach().clone()
    with training.averaged():
        inside: Any = training.evaluated
        assert not torch.equal(inside.weight, before)
    assert torch.equal(head.weight, before)
