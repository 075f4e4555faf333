"""What a training takes its batches from: the samples, or features of them that never change."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tuner.data.augmentation import Augmentation
from tuner.data.reshuffle import Rows, take_samples
from tuner.data.spec import Split
from tuner.training.changes import changes_of, names_of, trains_on_features
from tuner.training.classifier import Classifier
from tuner.training.frozen_features import FeatureStore, choose_view, extracts_once
from tuner.training.hyperparameters import Hyperparameters

Changes = tuple[Augmentation, ...]
TRAIN, VALIDATION = 0, 1
PARTS = ("train", "validation")


@dataclass(frozen=True)
class Samples:
    """The training and the validation split of a dataset, and which of their samples a training has."""

    splits: tuple[Split, Split]
    rows: Rows | None = None
    """Which of both splits it trains on and is validated on, in place of each split's own."""

    def part(self, part: int) -> Split:
        """Its samples, to train on or to validate on."""
        return self.splits[part] if self.rows is None else take_samples(*self.splits, self.rows[part])


@dataclass(frozen=True, kw_only=True)
class FeatureSource:
    """The features of samples that a frozen network gives."""

    samples: Samples
    model: Classifier
    store: FeatureStore
    frozen: str
    """See `FeatureStore.features`."""

    def part(
        self, part: int, changes: Changes = (), named: tuple[str, ...] | None = (), views: int = 0
    ) -> Split | None:
        """Those of the samples to train on or to validate on; None where they are too large. See `FeatureStore`."""
        found: list[Split] = []
        for name, split in zip(PARTS, self.samples.splits, strict=True):
            if self.samples.rows is None and name != PARTS[part]:
                continue
            features = self.store.features(
                name, split.inputs, self.model, frozen=self.frozen, changes=changes, named=named, views=views
            )
            if features is None:
                return None
            found.append(Split(features, split.targets))
        if self.samples.rows is None:
            return found[0]
        first, second = found
        return take_samples(first, second, self.samples.rows[part])


@dataclass(frozen=True, kw_only=True)
class TrainingInputs:
    """What the batches of a training are taken from. Features go into the head of a model, samples into all of it."""

    train: Split
    validation: Split
    changes: Changes
    """What is done to a batch at random."""
    trains_head: bool = False
    """Whether `train` has features."""
    validates_head: bool = False
    """Whether `validation` has features."""


def training_inputs(
    model: nn.Module,
    samples: Samples,
    hyperparameters: Hyperparameters,
    augmentations: tuple[str, ...],
    store: FeatureStore | None,
    frozen: str,
) -> TrainingInputs:
    """Features where the head of a model alone is trained, as far as they are always the same and not too large.

    Without a `store`, these are the samples themselves. See `fit` and `FeatureStore.features`.
    """
    if store is None or not isinstance(model, Classifier) or not extracts_once(model):
        train = samples.part(TRAIN)
        changes = changes_of(hyperparameters, train, augmentations)
        return TrainingInputs(train=train, validation=samples.part(VALIDATION), changes=changes)
    source = FeatureSource(samples=samples, model=model, store=store, frozen=frozen)
    changes = changes_of(hyperparameters, samples.splits[TRAIN], augmentations)
    held = source.part(VALIDATION)
    learnt = None
    if trains_on_features(model, hyperparameters, changes):
        if changes:
            learnt = source.part(TRAIN, changes, names_of(hyperparameters, augmentations), hyperparameters.views)
            changes = changes if learnt is None else (choose_view,)
        else:
            learnt = source.part(TRAIN)
    return TrainingInputs(
        train=learnt or samples.part(TRAIN),
        validation=held or samples.part(VALIDATION),
        changes=changes,
        trains_head=learnt is not None,
        validates_head=held is not None,
    )
