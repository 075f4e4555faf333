"""Which changes at random a training makes to its samples: those that the dataset names, and those of parameters."""

from __future__ import annotations

from torch import nn

from tuner.data.augmentation import Augmentation, chosen
from tuner.data.randaugment import levels_of
from tuner.data.spec import Split
from tuner.training.frozen_features import extracts_once
from tuner.training.hyperparameters import Hyperparameters

IMAGE_DIMENSIONS = 4  # (samples, channels, height, width)


def trains_on_features(model: nn.Module, hyperparameters: Hyperparameters, changes: tuple[Augmentation, ...]) -> bool:
    """Whether the head alone is trained, on features that are the same in each epoch. Otherwise images are needed."""
    same = not changes or hyperparameters.views > 0
    return extracts_once(model) and same and not hyperparameters.mixup


def names_of(hyperparameters: Hyperparameters, augmentations: tuple[str, ...]) -> tuple[str, ...] | None:
    """What stands for the changes of a training; None where they have strengths, which differ between trials."""
    if hyperparameters.randaugment or hyperparameters.cutout:
        return None
    return augmentations if hyperparameters.augment else ()


def changes_of(
    hyperparameters: Hyperparameters, train: Split, augmentations: tuple[str, ...]
) -> tuple[Augmentation, ...]:
    """Functions to be called on each batch, one after the other. Mixing is none of them: it changes targets, too.

    Args:
        hyperparameters: how strong the changes are; with `augment=false` those that the dataset names are left out.
        train: the samples.
        augmentations: the names of those that keep the class of these samples.
    """
    named = augmentations if hyperparameters.augment else ()
    if train.inputs.ndim != IMAGE_DIMENSIONS:
        return chosen(named, unread=hyperparameters.word_dropout)
    levels = levels_of(train.inputs) if hyperparameters.randaugment else None
    return chosen(named, hidden=hyperparameters.cutout, magnitude=hyperparameters.randaugment, levels=levels)
