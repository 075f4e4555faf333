"""What a sweep works on: its data, and the weights that a pretrained model starts from. Both are read once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from tuner import catalog
from tuner.classifier import model_parameters
from tuner.config import SweepConfig
from tuner.data import Splits
from tuner.errors import TunerError
from tuner.files import data_root

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Materials:
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


def gather(config: SweepConfig, splits: Splits | None = None) -> Materials:
    """Reads what the sweep needs, but for the splits when they are read already.

    Raises:
        TunerError: something is missing, broken, or cannot be downloaded.
    """
    return Materials(splits or config.source.load(config.limit), _pretrained(config))


def _pretrained(config: SweepConfig) -> Weights:
    module = catalog.load("models", config.model)
    if not hasattr(module, "pretrained"):
        if config.weights:
            fitting = [name for name in catalog.names("models") if hasattr(catalog.load("models", name), "pretrained")]
            raise TunerError(f"--weights: {config.model} starts from none; these do: {', '.join(fitting)}")
        return {}
    entries = [p for p in config.search_space().parameters if p.name == "pretrained"]
    values = {value for entry in entries for value in entry.choices}
    if not any(entry.parent is None for entry in entries):  # where none applies, the model's default does
        values.add(model_parameters(config.model)["pretrained"])
    if True not in values:
        if config.weights:
            raise TunerError("--weights: pretrained is false, so they would not be used")
        return {}
    weights: Weights = module.pretrained(Path(config.weights) if config.weights else None, data_root() / "weights")
    return weights
