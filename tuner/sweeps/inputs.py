"""What a sweep works on: its data and pretrained weights. Both are read once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tuner.core import catalog
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.files import data_root
from tuner.core.own_code import title
from tuner.core.score_text import class_name
from tuner.core.several_models import models_in
from tuner.core.sweep_folder import SweepFolder
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.search.space import SearchSpace
from tuner.search.space_file import spaces_of
from tuner.sweeps.trial_job import trial_job
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.classifier import model_parameters, parameter_defaults
from tuner.training.job import Arrays, Job
from tuner.training.pretrained import PRETRAINED, Weights, named_weights
from tuner.training.trial import TrialJob

FEW_SAMPLES = 20  # of a class


class Inputs(Protocol):
    """What a sweep's trials start from: data and weights, or a user's own code."""

    @property
    def notes(self) -> Sequence[str]:
        """What a user should know of it, a line each."""

    def to_arrays(self) -> Arrays:
        """What all workers hold."""

    def job(
        self, config: SweepConfig, folder: SweepFolder, storage: CheckpointStorage | None, rungs: tuple[int, ...]
    ) -> Job:
        """The trials of a search, which are compared after the epochs `rungs`. A `storage` takes their checkpoints."""


@dataclass(frozen=True)
class SweepInputs:
    """Data and weights."""

    splits: Splits
    pretrained: Weights
    """Empty when no trial starts from pretrained weights."""

    @property
    def notes(self) -> Sequence[str]:
        """See Inputs."""
        return (*self.splits.notes, *self._divided(), *small_classes(self.splits))

    def _divided(self) -> Sequence[str]:
        """How the samples were divided, where a user has said so; and how many of them are used."""
        splits = self.splits
        if splits.record is None:
            return ()
        lines = splits.record.lines()
        if splits.before_limit is not None:
            train, validation = (len(each.targets) for each in (splits.train, splits.validation))
            lines.append(f"  --limit takes {train:,} of these training samples, and {validation:,} for validation")
        return lines

    def job(
        self, config: SweepConfig, folder: SweepFolder, storage: CheckpointStorage | None, rungs: tuple[int, ...]
    ) -> TrialJob:
        """See Inputs."""
        return trial_job(config, self.splits.spec, folder, storage, rungs)

    def fingerprint(self) -> str:
        """Identifies the weights; empty when there are none."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.pretrained.items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().numpy().data)
        return digest.hexdigest() if self.pretrained else ""

    def to_arrays(self) -> Arrays:
        """What trials need as numpy arrays, which Ray's object store maps into every worker without a copy."""
        arrays: Arrays = {}
        for name, split in (("train", self.splits.train), ("validation", self.splits.validation)):
            arrays |= {f"{name}_{part}": tensor.numpy() for part, tensor in split._asdict().items()}
        if self.splits.groups is not None:
            arrays["groups"] = self.splits.groups.numpy()
        return arrays | {PRETRAINED + name: tensor.numpy() for name, tensor in self.pretrained.items()}


def small_classes(splits: Splits) -> tuple[str, ...]:
    """What to say of classes with so few validation samples that their scores are mostly chance; at most one line."""
    if splits.spec.number is not None:
        return ()
    counts = splits.validation.targets.bincount(minlength=len(splits.spec.classes)).tolist()
    small = [(count, name) for count, name in zip(counts, splits.spec.classes, strict=True) if count < FEW_SAMPLES]
    if not small:
        return ()
    count, name = min(small)
    which = f"{len(small)} of {len(counts)} classes have" if len(small) > 1 else f"class '{class_name(name)}' has"
    least = f" ('{class_name(name)}' has {count})" if len(small) > 1 else f" ({count})"
    return (f"{which} fewer than {FEW_SAMPLES} validation samples{least}: what scores say of that is mostly chance",)


def defaults_of(config: SweepConfig) -> dict[str, Any]:
    """What training and the model take for a parameter that a search space does not name.

    Nothing for a user's code, and for several models, whose defaults differ.
    """
    return {} if config.program or config.several else parameter_defaults(config.model)


def read_inputs(config: SweepConfig, splits: Splits | None = None) -> SweepInputs:
    """Reads the data and weights of a sweep. Splits that are given are not read again.

    Raises:
        TunerError: something is missing, broken, or cannot be downloaded.
    """
    pretrained: Weights = {}
    for model in models_in(config.model):
        pretrained |= named_weights(config.model, model, _read_pretrained(config, model))
    return SweepInputs(splits or Source.of(config).load(config.limit), pretrained)


def _read_pretrained(config: SweepConfig, model: str) -> Weights:
    module = catalog.load("models", model)
    if not hasattr(module, "pretrained"):
        if config.weights:
            fitting = [name for name in catalog.names("models") if hasattr(catalog.load("models", name), "pretrained")]
            raise TunerError(
                f"--weights: {config.model_name} has no pretrained weights; these models have: {', '.join(fitting)}"
            )
        return {}
    if not any(may_be_pretrained(space, model) for space in spaces_of(config)):
        if config.weights:
            raise TunerError("--weights: pretrained is false, so they would not be used")
        return {}
    weights: Weights = module.pretrained(Path(config.weights) if config.weights else None, data_root() / "weights")
    return weights


def may_be_pretrained(space: SearchSpace, model: str) -> bool:
    """Whether a trial of this model may start from pretrained weights."""
    entries = [p for p in space.parameters if p.name == "pretrained" and p.model in ("", title(model))]
    values = {value for entry in entries for value in entry.choices}
    if not any(entry.parent is None for entry in entries):  # if no entry applies, the model's default does
        values.add(model_parameters(model).get("pretrained", False))
    return True in values
