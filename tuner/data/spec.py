"""A dataset as the rest of the project sees it: a specification and three splits of tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.core.split_record import SplitRecord
from tuner.core.target_kind import CLASSES, NUMBERS, TargetKind
from tuner.data.column import Column, NumberTarget

__all__ = [
    "CHUNK",
    "FEWEST_NUMBERS",
    "SPLIT_SEED",
    "STRATA",
    "Column",
    "DataSpec",
    "NumberTarget",
    "Split",
    "Splits",
    "Task",
    "fingerprint",
    "hold_out",
    "moments",
    "strata",
    "stratified",
]
Task = Literal["image", "tabular", "text"]
CHUNK = 1 << 24  # values that are converted to float64 at a time
STRATA = 10  # groups of targets that are numbers
FEWEST_NUMBERS = 20  # rows with a number to predict
SPLIT_SEED = 0  # one fixed train/validation split for everybody, so that scores can be compared


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """What a model and the training loop need to know about a dataset. It is saved with every model."""

    name: str
    """The name that users type, such as `cifar10`."""
    task: Task
    shape: tuple[int, ...]
    """One sample without the batch dimension: (channels, height, width) for images, (features,) for tables, (steps,)
    for texts, where `steps` is the maximum number of words that are kept."""
    classes: tuple[str, ...]
    """Class names; a target is an index into them. Empty where a target is a number."""
    mean: tuple[float, ...]
    """Mean of each channel or feature over the training split, in the units of the raw data; empty for texts."""
    std: tuple[float, ...]
    """Standard deviation of each channel or feature, same order and units as `mean`."""
    augment: tuple[str, ...] = ()
    """Names from `tuner.data.augmentation.AUGMENTATIONS` that keep a sample's class, applied to training batches."""
    white: int = 255
    """Images: the raw value of the brightest pixel."""
    levels: tuple[float, ...] = ()
    """Images: the values in files beyond 8 bits that become 0 and `white`, as the training split has them: (low, high).
    Empty where all its files have 8 bits."""
    ground: int = 255
    """Images: what transparent pixels become, from 0 (black) to 255 (white): one of `tuner.data.pixels.GROUNDS`."""
    vocabulary: tuple[str, ...] = ()
    """Texts: the word at index i has the token i + 2; token 0 is padding, and 1 an unknown word."""
    text: str = ""
    """Texts: the column of a user's own table that held them; empty where they were in none."""
    columns: tuple[Column, ...] = ()
    """Tables: the columns of the raw table, in the order of their features. Empty for a table of numbers only."""
    target: str = ""
    """Tables, and texts in one: the column that had the classes or numbers; empty where classes are no column."""
    number: NumberTarget | None = None
    """Tables: what the target is where it is a number; None for classes."""
    threshold: float = 0.5
    """Two classes: see `tuner.training.decision`. It is added when a model is saved."""
    training_range: tuple[tuple[float, float], ...] = ()
    """The least and greatest value in the training split, see `tuner.training.training_range`. It is added when a
    model is saved."""

    @property
    def kind(self) -> TargetKind:
        """What is predicted."""
        return CLASSES if self.number is None else NUMBERS

    @property
    def outputs(self) -> int:
        """How many numbers a network gives for a sample: one for each class, or the one that is predicted."""
        return len(self.classes) if self.number is None else 1

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> DataSpec:
        """The specification from the JSON form of `dataclasses.asdict`."""
        values = _tuples(raw)
        if raw.get("number") is not None:
            number = raw["number"]
            values["number"] = NumberTarget(column=Column(**_tuples(number["column"])), std=number["std"])
        values["columns"] = tuple(Column(**_tuples(column)) for column in raw.get("columns", ()))
        values["training_range"] = tuple(map(tuple, raw.get("training_range", ())))
        return cls(**values)


class Split(NamedTuple):
    """Samples and their classes."""

    inputs: Tensor
    """(samples, *spec.shape); uint8 for images, floats for tables, integer tokens for texts (0 after the last word)."""
    targets: Tensor
    """(samples,) int64 indices into the class names; or float64 numbers in the unit of the target."""


@dataclass(frozen=True)
class Splits:
    """A dataset. The test split is the official one; a sweep uses it only in its last step."""

    spec: DataSpec
    train: Split
    validation: Split
    test: Split
    notes: tuple[str, ...] = ()
    """Notes for the user, one line each, such as which files were skipped and why."""
    before_limit: Split | None = None
    """The whole validation split, where `validation` is a subsample of it."""
    groups: Tensor | None = None
    """(training + validation samples,) int64: those of one number stay together; None where each may go anywhere."""
    record: SplitRecord | None = None
    """How the samples were divided, where a user has said so."""

    @property
    def whole_validation(self) -> Split:
        """The validation split that models of limited and of full sweeps are compared on."""
        return self.before_limit or self.validation

    def fingerprint(self) -> str:
        """Identifies all samples and how they are split: a resumed sweep must have the data that it started with."""
        return hashlib.sha256(
            "".join(fingerprint(s) for s in (self.train, self.validation, self.test)).encode()
        ).hexdigest()

    def check_varied(self, source: str) -> None:
        """Raises TunerError when all samples of a split are alike: reading has lost what tells them apart."""
        for part, split in (("training", self.train), ("validation", self.validation), ("test", self.test)):
            if len(split.inputs) > 1 and _alike(split.inputs):
                raise TunerError(
                    f"{source}: all {len(split.inputs)} samples of the {part} split are alike once read, so that "
                    "nothing can be learned from them: check what is in the files"
                )

    def limit(self, samples: int, seed: int = SPLIT_SEED) -> Splits:
        """A stratified subsample with `samples` for training and validation together, in the same proportion.

        The test split stays whole, and the whole validation split is kept beside: by them the models of limited and of
        full sweeps are compared.
        """
        total = len(self.train.targets) + len(self.validation.targets)
        least = 2 * len(self.spec.classes) or FEWEST_NUMBERS
        if not least <= samples:
            each = ", two of each class" if self.spec.classes else ""
            raise TunerError(f"--limit {samples}: {self.spec.name} needs at least {least} samples{each}")
        if samples >= total:
            return self
        share = samples / total
        chosen = [stratified(split.targets, share, seed)[1] for split in (self.train, self.validation)]
        train, validation = (
            Split(split.inputs[kept], split.targets[kept])
            for split, kept in zip((self.train, self.validation), chosen, strict=True)
        )
        groups = self.groups
        if groups is not None:
            groups = groups[torch.cat([chosen[0], len(self.train.targets) + chosen[1]])]
        return replace(self, train=train, validation=validation, before_limit=self.whole_validation, groups=groups)


def fingerprint(split: Split) -> str:
    """Identifies the contents of a split in main memory: models are compared only on the same test set."""
    digest = hashlib.sha256()
    for tensor in split:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()[:16]


def stratified(targets: Tensor, share: float, seed: int = SPLIT_SEED) -> tuple[Tensor, Tensor]:
    """Splits the samples into two sorted index tensors, the second with `share` of each class (at least one sample).

    Of targets that are numbers, it has that share of the small, the middle and the large ones, see `strata`.
    """
    rng = np.random.default_rng(seed)
    labels = strata(targets, share)
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        chosen[rng.permutation(of_class)[: max(1, round(share * len(of_class)))]] = True
    return torch.from_numpy(np.flatnonzero(~chosen)), torch.from_numpy(np.flatnonzero(chosen))


def strata(targets: Tensor, share: float) -> NDArray[np.int64]:
    """(samples,) the class of each sample, or which of up to STRATA groups of as many numbers its target is in.

    The groups are so large that a `share` of each is at least one sample.
    """
    if not targets.is_floating_point():
        return targets.numpy()
    groups = max(1, min(STRATA, int(len(targets) * share)))
    places = targets.argsort(stable=True).argsort().numpy()
    found: NDArray[np.int64] = places * groups // max(1, len(targets))
    return found


def hold_out(inputs: Tensor, targets: Tensor, share: float, seed: int = SPLIT_SEED) -> tuple[Split, Split]:
    """Splits samples into the rest and a stratified `share`: train and validation, or train and test."""
    rest, held = stratified(targets, share, seed)
    return Split(inputs[rest], targets[rest]), Split(inputs[held], targets[held])


def moments(inputs: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel (images: dimension 1) or feature, in raw units.

    A constant channel or feature gets the standard deviation 1, so that normalising it gives 0 and not NaN.
    """
    first = (
        inputs[0].to(torch.float64).reshape(inputs.shape[1], -1)[:, :1]
    )  # summing differences from it loses no digits
    total = torch.zeros(inputs.shape[1], dtype=torch.float64)
    square = torch.zeros_like(total)
    for chunk in torch.split(inputs, max(1, CHUNK // inputs[0].numel())):
        difference = chunk.to(torch.float64).transpose(0, 1).flatten(1) - first
        total += difference.sum(1)
        square += difference.square().sum(1)
    count = inputs.numel() / inputs.shape[1]
    offset = total / count
    std = (square / count - offset.square()).clamp_min(0).sqrt()
    mean = first.flatten() + offset
    return tuple(mean.tolist()), tuple(torch.where(std > 0, std, torch.ones_like(std)).tolist())


def _alike(inputs: Tensor) -> bool:
    """Whether every sample is the first one; the second one mostly ends the search."""
    step = max(1, CHUNK // inputs[0].numel())
    return bool((inputs[1] == inputs[0]).all()) and all(
        bool((chunk == inputs[0]).all()) for chunk in torch.split(inputs, step)
    )


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
