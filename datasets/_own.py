"""Shared by the formats of users' own data: a check of class sizes, and splits where the user has made none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch

from tuner.core.errors import TunerError
from tuner.data.spec import Split, hold_out

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2  # of the samples that are not in the test split


def check_counts(split: Split, classes: Sequence[str], least: int, source: str) -> None:
    """Raises TunerError when a class has fewer than `least` samples; nothing for targets that are numbers."""
    if not classes:
        return
    counts = torch.bincount(split.targets, minlength=len(classes)).tolist()
    few = [f"'{name}' has {count}" for name, count in zip(classes, counts, strict=True) if count < least]
    if few:
        more = f" and {len(few) - 3} more classes have too few" if len(few) > 3 else ""
        has = f"{', '.join(few[:3])}{more}"
        raise TunerError(f"{source}: each class needs at least {least} samples, but {has}: add some, or leave it out")


def three_ways(
    train: Split, validation: Split | None, test: Split | None, classes: Sequence[str], source: str
) -> tuple[Split, Split, Split]:
    """Training, validation and test split. Where one of the last two is None, it is held out of the first (stratified).

    Raises:
        TunerError: a class has too few samples to be in every split that is held out, or a given split has one class.
    """
    check_counts(train, classes, 1 + (validation is None) + (test is None), source)
    for part, given in (("validation", validation), ("test", test)):
        if given is not None and len(there := set(given.targets.tolist())) < 2:
            raise TunerError(f"{source}: {_too_alike(part, there, classes)}")
    if test is None:
        train, test = hold_out(*train, TEST_SHARE)
    if validation is None:
        train, validation = hold_out(*train, VALIDATION_SHARE)
    return train, validation, test


def _too_alike(part: str, there: Collection[float], classes: Sequence[str]) -> str:
    if not classes:
        only = f"one number only, {min(there):.15g}" if there else "no samples"
        return f"the {part} split has {only}: scores need two different numbers, so add rows or remove it"
    only = f"samples of '{classes[int(min(there))]}' only" if there else "no samples"
    return f"the {part} split has {only}: scores need two classes, so add one or remove it"
