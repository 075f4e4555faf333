"""Where the head alone is trained, each sample goes through the frozen network once, and all scores are the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.model_inputs import make_spec

from tuner.data.spec import Split
from tuner.training.classifier import build_classifier
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.frozen_features import FeatureStore
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit
from tuner.training.step_cost import measure_step

DATA = make_spec("image", (3, 32, 32))
TRAIN, VALIDATION, EPOCHS = 24, 9, 3


@pytest.fixture(scope="module")
def splits() -> tuple[Split, Split]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (TRAIN + VALIDATION, 3, 32, 32), dtype=torch.uint8, generator=generator)
    targets = torch.arange(TRAIN + VALIDATION) % 3
    return Split(images[:TRAIN], targets[:TRAIN]), Split(images[TRAIN:], targets[TRAIN:])


class Run:
    """A training of a frozen network, and how many images have gone through its features."""

    def __init__(
        self, splits: tuple[Split, Split], *, store: FeatureStore | None = None, augment: bool = False,
        ready: bool = True, seed: int = 0,
        mixup: float = 0.0, ema: float = 0.0, **arguments: Any,
    ) -> None:  # fmt: skip
        torch.manual_seed(seed)
        model = build_classifier(DATA, "mobilenet_v2", arguments)
        network: Any = model.network
        self.seen = 0
        network.features.register_forward_pre_hook(self._count)
        if not ready:  # as a network that does not say that it could
            network.__class__ = type("Plain", (type(network),), {"extracts_once": False})
        hyperparameters = Hyperparameters(
            batch_size=8, optimizer="adamw", lr=0.01, augment=augment, mixup=mixup, ema=ema
        )
        self.training = Training(model, hyperparameters, epochs=EPOCHS, seed=1, device=torch.device("cpu"))
        self.metrics: list[EpochMetrics] = list(fit(self.training, *splits, ("flip",), store))

    def _count(self, _: object, given: Any) -> None:
        self.seen += len(given[0])

    @property
    def scores(self) -> list[float]:
        return [
            value
            for each in self.metrics
            for value in (each.train_loss, each.numbers()["train_accuracy"], each.val_loss)
        ]


def test_a_sample_goes_through_the_frozen_network_once_with_the_same_scores(splits: tuple[Split, Split]) -> None:
    once, again = Run(splits), Run(splits, ready=False)
    assert once.seen == TRAIN + VALIDATION
    assert again.seen == EPOCHS * (TRAIN + VALIDATION)
    assert once.scores == pytest.approx(again.scores, rel=0.02)
    assert once.metrics[-1].train_loss < once.metrics[0].train_loss
    assert once.training.kept_weights.keys() == again.training.model.state_dict().keys()


def test_the_next_trial_with_the_same_frozen_network_finds_them_ready(splits: tuple[Split, Split]) -> None:
    store = FeatureStore()
    first, second = Run(splits, store=store), Run(splits, store=store, hidden=32)
    assert (first.seen, second.seen) == (TRAIN + VALIDATION, 0)
    assert second.scores != first.scores


def test_another_frozen_network_finds_none(splits: tuple[Split, Split]) -> None:
    store = FeatureStore()
    Run(splits, store=store)
    other = Run(splits, store=store, seed=7)
    assert other.seen == TRAIN + VALIDATION
    assert other.scores == Run(splits, seed=7).scores


def test_augmented_samples_go_through_it_in_each_epoch(splits: tuple[Split, Split]) -> None:
    assert Run(splits, augment=True).seen == EPOCHS * TRAIN + VALIDATION


def test_mixed_samples_go_through_it_too(splits: tuple[Split, Split]) -> None:
    """Mixed features would be something else than features of mixed images."""
    assert Run(splits, mixup=0.4).seen == EPOCHS * TRAIN + VALIDATION


def test_averaged_weights_are_those_of_the_head(splits: tuple[Split, Split]) -> None:
    once, again = Run(splits, ema=0.8), Run(splits, ema=0.8, ready=False)
    assert once.seen == TRAIN + VALIDATION
    assert once.scores == pytest.approx(again.scores, rel=0.02)
    plain = Run(splits)
    assert [each.train_loss for each in once.metrics] == [each.train_loss for each in plain.metrics]
    assert [each.val_loss for each in once.metrics] != [each.val_loss for each in plain.metrics]


def test_a_network_that_is_trained_is_used_in_each_epoch(splits: tuple[Split, Split]) -> None:
    assert Run(splits, train="fine_tuning", thaw=1).seen == EPOCHS * (TRAIN + VALIDATION)
    assert Run(splits, pretrained=False).seen == EPOCHS * (TRAIN + VALIDATION)


@pytest.mark.parametrize(("more", "once"), [({}, True), ({"mixup": 0.2}, False), ({"cutout": 0.2}, False)])
def test_the_cost_of_a_step_is_that_of_features_only_where_training_takes_them(
    more: dict[str, float], *, once: bool
) -> None:
    parameters = {"batch_size": 4, "augment": False, **more}
    cost = measure_step(DATA, "mobilenet_v2", parameters, TRAIN, 1, torch.device("cpu"))
    assert cost.once is once
