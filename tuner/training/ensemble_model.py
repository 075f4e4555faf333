"""Several trained models as one: the weighted mean of their answers. On disk it is a saved model with members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.model_description import ENSEMBLE, Member, ModelDescription
from tuner.training.saved_model import load_built, write_model


class Ensemble(nn.Module):
    """The weighted mean of the members' probabilities, or of their numbers.

    Means of probabilities, and not of logits, are what the selection of members compares (Caruana et al. 2004).
    """

    shares: Tensor

    def __init__(self, data: DataSpec, members: Sequence[Classifier], shares: Sequence[float]) -> None:
        """`shares` are the weights of the members, which sum to 1."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self.of_classes = data.number is None
        self.register_buffer("shares", torch.tensor(shares, dtype=torch.float32))

    def forward(self, raw: Tensor) -> Tensor:
        """(batch, *data.shape) in raw units -> (batch, classes) logs of probabilities, or (batch, 1) scaled numbers."""
        answers = torch.stack([member(raw) for member in self.members])  # (members, batch, outputs)
        shares = self.shares[:, None, None]
        if self.of_classes:
            return torch.logsumexp(torch.log_softmax(answers, 2) + shares.log(), 0)
        return (answers * shares).sum(0)


@dataclass(frozen=True)
class Part:
    """A trained model that becomes a member."""

    model: str
    """A name of the catalog, or of a user's own code."""
    arguments: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    """The state dict of its `Classifier`."""
    share: float


def save_ensemble(folder: Path, data: DataSpec, parts: Sequence[Part]) -> None:
    """Writes an ensemble into a new `folder`, in the form of `saved_model.save_model`."""
    members = tuple(Member(part.model, dict(part.arguments), float(part.share)) for part in parts)
    weights = {"shares": torch.tensor([part.share for part in parts], dtype=torch.float32)}
    for place, part in enumerate(parts):
        weights |= {f"members.{place}.{name}": value for name, value in part.weights.items()}
    write_model(folder, ModelDescription(data, ENSEMBLE, {}, members), weights)


def load_ensemble(folder: Path, description: ModelDescription) -> tuple[Ensemble, DataSpec]:
    """The ensemble in `folder`, as `saved_model.load_model` gives a single model. Raises TunerError likewise."""
    data, members = description.data, description.members

    def build() -> Ensemble:
        built = [build_classifier(data, each.model, each.arguments) for each in members]
        return Ensemble(data, built, [each.weight for each in members])

    return load_built(folder, description, build)
