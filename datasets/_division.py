"""Divides a user's own samples into training, validation and test: at random, by group, or by time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError, quoted
from tuner.core.score_text import class_name
from tuner.core.split_record import PARTS, Kind, PartRecord, SplitRecord
from tuner.core.units import counted
from tuner.data.grouping import Labels, Mask, hold_out_groups
from tuner.data.spec import SPLIT_SEED, DataSpec, Split, Splits, strata
from tuner.data.time_order import Moments, count_text, cut

from ._own import TEST_SHARE, VALIDATION_SHARE, check_counts, three_ways

SHARES = {"test": TEST_SHARE, "validation": VALIDATION_SHARE}
T = TypeVar("T", bound=np.generic)
Given = dict[str, Split]  # by split; the inputs are indices of samples


@dataclass(frozen=True)
class Divided:
    """The three splits."""

    parts: Given
    """The inputs are indices into the samples of the split that they are taken from."""
    groups: dict[str, Tensor] = field(default_factory=dict)
    """By split: (samples,) int64 numbers of groups; empty where samples are not grouped."""
    record: SplitRecord | None = None
    """What it came to; None where nothing was asked for."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grouping:
    """Which samples belong together."""

    by: str
    """What the user gave."""
    names: Mapping[str, NDArray[np.object_]]
    """By split that is given: (samples,) the group of each."""


@dataclass(frozen=True)
class Ordering:
    """When samples were."""

    by: str
    moments: Mapping[str, Moments]
    """By split that is given."""


def divide(
    given: Given,
    classes: Sequence[str],
    source: str,
    *,
    by: Grouping | Ordering | None = None,
    test: str = "",
) -> Divided:
    """Training, validation and test. Of the last two, those that are not given are held out of the first.

    Args:
        given: the split `train`, and others that the user has made.
        classes: their names.
        source: of the data, for errors.
        by: what must not be torn apart, or what comes first; None for a stratified random division.
        test: the path that the test split was read from, where it has one of its own.

    Raises:
        TunerError: a split would lack classes, or what is given tears apart what must not be.
    """
    if by is None:
        parts = three_ways(given["train"], given.get("validation"), given.get("test"), classes, source)
        divided = dict(zip(PARTS, parts, strict=True))
        return Divided(divided, record=_record("random", "", test, divided, classes) if test else None)
    check_counts(given["train"], classes, 1 + len({"validation", "test"} - set(given)), source)
    return (
        _by_group(given, classes, source, by, test)
        if isinstance(by, Grouping)
        else _by_time(given, classes, source, by, test)
    )


def _by_group(given: Given, classes: Sequence[str], source: str, by: Grouping, test: str) -> Divided:
    _refuse_shared(by, source)
    each, numbers = np.unique(np.concatenate([by.names[part] for part in given]), return_inverse=True)
    ends = np.cumsum([len(by.names[part]) for part in given])[:-1]
    groups = dict(zip(given, np.split(numbers.astype(np.int64), ends), strict=True))
    least = 3 - sum(part in given for part in ("validation", "test"))
    there = len(np.unique(groups["train"]))
    if there < least:
        has = counted(there, "group")
        raise TunerError(f"{source}: --group {by.by}: {has} cannot be divided into {least} parts: give another column")
    alone = len(each) == len(numbers)

    def hold(part: Split, of_part: Labels, share: float) -> Mask:
        return hold_out_groups(strata(part.targets, share), of_part, share, SPLIT_SEED)

    if alone:  # the division that there would be without groups
        given_parts = three_ways(given["train"], given.get("validation"), given.get("test"), classes, source)
        parts = dict(zip(PARTS, given_parts, strict=True))
        kept = {p: groups[p if p in given else "train"][parts[p].inputs.numpy()] for p in PARTS}
        note = f"--group {by.by}: each sample is a group of its own, so that grouping changes nothing"
    else:
        parts, kept = _hold_out(given, groups, hold)
        note = ""
    _check_classes(parts, classes, f"{source}: --group {by.by}", "is in too few groups for that")
    record = _record("group", by.by, test, parts, classes, groups=kept)
    tensors = {part: torch.from_numpy(of_part) for part, of_part in kept.items()}
    return Divided(parts, tensors, record, (note,) if note else ())


def _by_time(given: Given, classes: Sequence[str], source: str, by: Ordering, test: str) -> Divided:
    values = {part: moments.values for part, moments in by.moments.items()}
    show, option = by.moments["train"].show, f"--time {by.by}"
    if "test" in given and values["test"].min() <= values["train"].max():
        first, last = show(values["test"].min()), show(values["train"].max())
        order = f"it begins at {first}, and what is trained on ends at {last}"
        raise TunerError(f"--test {test}: {option}: {order}: what is tested must be later")
    least = 3 - ("test" in given)
    if len(np.unique(values["train"])) < least:
        has = count_text(values["train"])
        raise TunerError(f"{source}: {option}: {has} cannot be divided into {least} parts: give another column")
    parts, kept = _hold_out(given, values, lambda _, moments, share: cut(moments, share))
    later = "occurs only later, or only earlier"
    _check_classes(parts, classes, f"{source}: {option}", later)
    times = {part: (show(of_part.min()), show(of_part.max())) for part, of_part in kept.items()}
    return Divided(parts, record=_record("time", by.by, test, parts, classes, times=times))


def _hold_out(
    given: Given, of_samples: Mapping[str, NDArray[T]], hold: Callable[[Split, NDArray[T], float], Mask]
) -> tuple[Given, dict[str, NDArray[T]]]:
    """The three splits, and what `of_samples` has for the samples of each. `hold` says what is held out."""
    parts, kept = dict(given), dict(of_samples)
    for part, share in SHARES.items():
        if part in given:
            continue
        train, values = parts["train"], kept["train"]
        held = hold(train, values, share)
        parts[part], kept[part] = Split(train.inputs[held], train.targets[held]), values[held]
        parts["train"], kept["train"] = Split(train.inputs[~held], train.targets[~held]), values[~held]
    return {part: parts[part] for part in PARTS}, {part: kept[part] for part in PARTS}


def _refuse_shared(by: Grouping, source: str) -> None:
    """Raises TunerError when a group is in two of the splits that the user has made."""
    names = {part: set(of_part.tolist()) for part, of_part in by.names.items()}
    made = [part for part in PARTS if part in names]
    for place, one in enumerate(made):
        for other in made[place + 1 :]:
            shared = sorted(names[one] & names[other])
            if shared:
                what = f"{counted(len(shared), 'group')} are in {one} and in {other}, such as {quoted(shared[0])}"
                raise TunerError(f"{source}: --group {by.by}: {what}: leave them out of one of the two")


def _check_classes(parts: Given, classes: Sequence[str], what: str, why: str) -> None:
    """Raises TunerError where training lacks a class, or another split has less than two."""
    for index, name in enumerate(classes):
        if not bool((parts["train"].targets == index).any()):
            raise TunerError(f"{what}: training would have no sample of '{class_name(name)}', which {why}")
    for part in ("validation", "test"):
        there = set(parts[part].targets.tolist())
        if len(there) < 2:
            least = "two classes" if classes else "two numbers"
            only = f"samples of '{class_name(classes[min(there)])}' only" if there and classes else "too few samples"
            raise TunerError(f"{what}: the {part} split would have {only}, and scores need {least}")


def _record(
    kind: Kind,
    by: str,
    test: str,
    parts: Given,
    classes: Sequence[str],
    *,
    groups: Mapping[str, Labels] | None = None,
    times: Mapping[str, tuple[str, str]] | None = None,
) -> SplitRecord:
    found = {}
    for part, split in parts.items():
        first, last = times[part] if times else (None, None)
        found[part] = PartRecord(
            samples=len(split.targets),
            classes=tuple(split.targets.bincount(minlength=len(classes)).tolist()) if classes else (),
            groups=len(np.unique(groups[part])) if groups else None,
            first=first,
            last=last,
        )
    return SplitRecord(kind=kind, by=by, test=test, classes=tuple(classes), parts=found)


def to_splits(spec: DataSpec, parts: Given, divided: Divided, notes: Sequence[str]) -> Splits:
    """The dataset of samples that were divided like this; `parts` has the samples themselves."""
    found = Splits(spec, parts["train"], parts["validation"], parts["test"], tuple(notes))
    groups = divided.groups
    together = torch.cat([groups["train"], groups["validation"]]) if groups else None
    return replace(found, groups=together, record=divided.record)
