"""Where the head alone is trained, each sample goes through the frozen network once, and all scores are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from support.distributed_training import full_precision
from support.model_inputs import make_spec, settle

from tuner.data.reshuffle import Division, Rows, take_rows
from tuner.data.spec import Split
from tuner.training import frozen_features
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.device import precision
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.feature_files import FeatureFiles
from tuner.training.frozen_features import FeatureStore, choose_view, extract_features
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
        mixup: float = 0.0, ema: float = 0.0, views: int = 0, rows: Rows | None = None, shared: bool = False,
        name: str = "mobilenet_v2", **arguments: Any,
    ) -> None:  # fmt: skip
        torch.manual_seed(seed)
        model = build_classifier(DATA, name, arguments)
        network: Any = model.network
        self.seen = 0
        body = network.features if hasattr(network, "features") else network.network
        settle(body, torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
        body.register_forward_pre_hook(self._count)
        if not ready:  # as a network that does not say that it could
            network.__class__ = type("Plain", (type(network),), {"extracts_once": False})
        hyperparameters = Hyperparameters(
            batch_size=8, optimizer="adamw", lr=0.01, augment=augment, mixup=mixup, ema=ema, views=views
        )
        cpu = torch.device("cpu")
        self.training = Training(model, hyperparameters, epochs=EPOCHS, seed=1, device=cpu, pretrained=shared)
        self.metrics: list[EpochMetrics] = list(fit(self.training, *splits, ("flip",), store, rows))

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


HEADS: list[dict[str, Any]] = [
    {"name": "mobilenet_v2"},
    {"name": "efficientnet_lite0", "resolution": 32, "hidden": 16},
    {"name": "torchvision:shufflenet_v2_x0_5", "resolution": 32},
    {"name": "torchvision:mobilenet_v3_small", "resolution": 32, "dropout": 0.3},
]


@pytest.mark.parametrize("model", HEADS, ids=lambda each: each["name"])
def test_in_full_precision_the_scores_are_those_of_a_training_through_the_backbone(
    splits: tuple[Split, Split], model: dict[str, Any]
) -> None:
    """They differ in the last digits: the frozen network gets other batches."""
    with full_precision():
        once, again = Run(splits, **model), Run(splits, ready=False, **model)
    assert (once.seen, again.seen) == (TRAIN + VALIDATION, EPOCHS * (TRAIN + VALIDATION))
    assert once.scores == pytest.approx(again.scores, rel=1e-4)


def test_trials_of_other_processes_find_those_of_weights_that_all_have(
    splits: tuple[Split, Split], tmp_path: Path
) -> None:
    def store(samples: str = "data") -> FeatureStore:
        return FeatureStore(samples, FeatureFiles(tmp_path))

    first, second = Run(splits, store=store(), shared=True), Run(splits, store=store(), shared=True)
    assert (first.seen, second.seen) == (TRAIN + VALIDATION, 0)
    assert first.scores == second.scores == Run(splits).scores
    assert Run(splits, store=store("other data"), shared=True).seen == TRAIN + VALIDATION
    assert Run(splits, store=store(), shared=True, seed=7).seen == TRAIN + VALIDATION
    assert Run(splits, store=store()).seen == TRAIN + VALIDATION  # weights of its own


def test_folds_and_other_divisions_take_the_same_features(splits: tuple[Split, Split]) -> None:
    store = FeatureStore()
    Run(splits, store=store)
    for division in (Division(3), Division(3, fold=1, folds=3)):
        rows = division.rows(*splits)
        found = Run(splits, store=store, rows=rows)
        assert found.seen == 0
        assert found.scores == pytest.approx(Run(take_rows(*splits, rows)).scores, rel=0.02)
    whole = Rows.whole(*splits)
    assert Run(splits, store=store, rows=whole).seen == 0
    assert Run(splits, rows=Division(3).rows(*splits), ready=False).scores == pytest.approx(
        Run(take_rows(*splits, Division(3).rows(*splits)), ready=False).scores
    )


def test_of_views_each_sample_has_so_many_and_each_batch_draws_one(splits: tuple[Split, Split], tmp_path: Path) -> None:
    def store() -> FeatureStore:
        return FeatureStore("data", FeatureFiles(tmp_path))

    first = Run(splits, augment=True, views=2, store=store(), shared=True)
    assert first.seen == 2 * TRAIN + VALIDATION
    assert first.scores != Run(splits).scores
    assert Run(splits, augment=True, views=2, store=store(), shared=True).seen == 0
    assert Run(splits, augment=True, views=3, store=store(), shared=True).seen == 3 * TRAIN
    assert Run(splits, views=2, store=store(), shared=True).seen == TRAIN  # nothing is changed
    assert Run(splits, augment=True, views=2, mixup=0.4).seen == EPOCHS * TRAIN + VALIDATION


def test_views_are_features_of_changed_images(splits: tuple[Split, Split]) -> None:
    model, images = cast("Classifier", Run(splits).training.model), splits[0].inputs
    seen: list[torch.Tensor] = []

    def change(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        seen.append(torch.randint(0, 256, batch.shape, generator=generator, dtype=torch.uint8))
        return seen[-1]

    found = extract_features(model, images, [change], views=2)
    assert [torch.equal(found[:, view], extract_features(model, seen[view])) for view in range(2)] == [True, True]
    drawn = choose_view(found, torch.Generator().manual_seed(0))
    which = [(drawn[:, None] == found).all(2)[:, view] for view in range(2)]
    assert bool((which[0] ^ which[1]).all())
    assert which[0].any()
    assert which[1].any()


@pytest.mark.parametrize(("memory", "held"), [(40_000, 0), (100_000, VALIDATION)])
def test_features_that_are_too_large_are_told_and_images_are_used(
    splits: tuple[Split, Split], monkeypatch: pytest.MonkeyPatch, memory: int, held: int
) -> None:
    half = precision(torch.device("cpu")) == "bfloat16"  # which some CPUs have
    monkeypatch.setattr(frozen_features, "memory_of", lambda _: memory if half else 2 * memory)
    store = FeatureStore()
    run = Run(splits, store=store)
    assert run.seen == TRAIN + VALIDATION + EPOCHS * (TRAIN + VALIDATION - held)  # the first batch tells how large
    assert run.scores == pytest.approx(Run(splits, ready=False).scores, rel=0.02)
    notes = store.take_notes()
    assert len(notes) == (1 if held else 2)
    size = "61 kB" if half else "0.12 MB"
    assert f"the features of 24 images would take {size}, more than a quarter of the memory" in notes[-1]
