"""Epochs that are not one pass over the training samples: what they train on, and that they go on where they ended."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

import pytest
import torch
from support.digits import some_digits

from tuner.data.spec import Split, Splits
from tuner.training.classifier import build_classifier
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.learning_rate import lr_factor
from tuner.training.loop import Training, fit, train_epoch
from tuner.training.passes import epoch_batches, first_step

CPU = torch.device("cpu")
SAMPLES, BATCH = 100, 10


def orders(passes: float, epochs: int) -> list[list[int]]:
    """The samples of each epoch, in their order."""
    inputs = torch.zeros(SAMPLES, 1, 2, 2)
    generators = [torch.Generator().manual_seed(epoch) for epoch in range(epochs)]
    return [
        torch.cat(epoch_batches(inputs, BATCH, generator, epoch=epoch, passes=passes, seed=3)).tolist()
        for epoch, generator in enumerate(generators)
    ]


@pytest.mark.parametrize(("passes", "epochs"), [(2.4, 5), (0.25, 8), (1.5, 4)])
def test_every_sample_is_seen_as_often_as_any_other(passes: float, epochs: int) -> None:
    found = orders(passes, epochs)
    assert [len(each) for each in found] == [
        BATCH * (first_step(epoch + 1, passes, 10) - first_step(epoch, passes, 10)) for epoch in range(epochs)
    ]
    seen = Counter(sample for order in found for sample in order)
    assert set(seen.values()) == {round(passes * epochs)}
    assert sorted(seen) == list(range(SAMPLES))


def test_passes_differ_in_their_order() -> None:
    [order] = orders(2.0, 1)
    assert sorted(order[:SAMPLES]) == sorted(order[SAMPLES:])
    assert order[:SAMPLES] != order[SAMPLES:]


@pytest.fixture(scope="module")
def splits() -> Splits:
    return some_digits(100)


def start(splits: Splits, passes: float, epochs: int = 4) -> Training:
    torch.manual_seed(0)
    model = build_classifier(splits.spec, "lenet", {})
    how = Hyperparameters(batch_size=16, optimizer="adam", lr=0.01)
    return Training(model, how, epochs=epochs, seed=5, device=CPU, passes=passes)


def test_a_training_of_parts_of_passes_goes_on_to_the_digit(splits: Splits) -> None:
    whole = start(splits, 0.7)
    expected = [each.numbers() for each in fit(whole, splits.train, splits.validation, ("rotate",))]
    part = start(splits, 0.7)
    with closing(fit(part, splits.train, splits.validation, ("rotate",))) as epochs:
        for _ in range(2):
            next(epochs)
    state, again = part.state_dict(), start(splits, 0.7)
    again.load_state_dict(state)
    found = [each.numbers() for each in fit(again, splits.train, splits.validation, ("rotate",))]
    without_time = [{k: v for k, v in each.items() if k != "epoch_seconds"} for each in (*expected[2:], *found)]
    assert without_time[:2] == without_time[2:]


def test_the_learning_rate_falls_over_all_steps(splits: Splits) -> None:
    training = start(splits, 2.5, epochs=2)
    train = Split(splits.train.inputs, splits.train.targets)
    steps = first_step(2, 2.5, len(train.targets) // 16)
    assert steps == 2.5 * 2 * (len(train.targets) // 16)
    for epoch in range(2):
        training.epoch = epoch
        lr = train_epoch(training, train, ())[2]
        last = first_step(epoch + 1, 2.5, len(train.targets) // 16) - 1
        assert lr == pytest.approx(0.01 * lr_factor(last, steps, training.hyperparameters.warmup))
