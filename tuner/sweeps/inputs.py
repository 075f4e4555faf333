"""What a sweep works on: its data and pretrained weights. Both are read once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tuner.core import catalog
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.files import data_root
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.search.space import SearchSpace
from tuner.search.space_file import spaces_of
from tuner.training.classifier import model_parameters
from tuner.training.trial import PRETRAINED, Arrays, Weights


@dataclass(frozen=True)
class SweepInputs:
    """Data and weights."""

    splits: Splits
    pretrained: Weights
    """Part of the network's state dict; empty when no trial starts from pretrained weights."""

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
        return arrays | {PRETRAINED + name: tensor.numpy() for name, tensor in self.pretrained.items()}


def read_inputs(config: SweepConfig, splits: Splits | None = None) -> SweepInputs:
    """Reads the data and weights of a sweep. Splits that are given are not read again.

    Raises:
        TunerError: something is missing, broken, or cannot be downloaded.
    """
    return SweepInputs(splits or Source.of(config).load(config.limit), _read_pretrained(config))


def _read_pretrained(config: SweepConfig) -> Weights:
    module = catalog.load("models", config.model)
    if not hasattr(module, "pretrained"):
        if config.weights:
            fitting = [name for name in catalog.names("models") if hasattr(catalog.load("models", name), "pretrained")]
            raise TunerError(
                f"--weights: {config.model_name} has no pretrained weights; these models have: {', '.join(fitting)}"
            )
        return {}
    if not any(may_be_pretrained(space, config.model) for space in spaces_of(config)):
        if config.weights:
            raise TunerError("--weights: pretrained is false, so they would not be used")
        return {}
    weights: Weights = module.pretrained(Path(config.weights) if config.weights else None, data_root() / "weights")
    return weights


def may_be_pretrained(space: SearchSpace, model: str) -> bool:
    """Whether a trial of this space may start from pretrained weights."""
    entries = [p for p in space.parameters if p.name == "pretrained"]
    values = {value for entry in entries for value in entry.choices}
    if not any(entry.parent is None for entry in entries):  # if no entry applies, the model's default does
        values.add(model_parameters(model).get("pretrained", False))
    return True in values
