"""Features of a frozen network, computed once: where the head alone is trained, the rest always gives the same.

A network takes part that has `extracts_once` (whether that is so), `extract` (images to features), `head` (features to
logits) and `resolution` (of the images that it extracts them from), such as those of models/_transfer.py.
"""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor, nn

from tuner.data.batches import evaluation_batches
from tuner.data.spec import Split
from tuner.training.classifier import Classifier
from tuner.training.device import autocast, memory_format, to_memory_format


def extracts_once(model: nn.Module) -> bool:
    """Whether the head of this classifier alone is trained."""
    return bool(getattr(getattr(model, "network", None), "extracts_once", False))


class FeatureStore:
    """The features of one division of the samples, for all trials that begin with the same frozen network.

    They take less memory than the images. Those of the last such network are held.
    """

    def __init__(self) -> None:
        self._digest = ""
        self._held: dict[str, Tensor] = {}

    def features(self, part: str, split: Split, model: Classifier) -> Split:
        """The split with (samples, features) in place of its images, which are always the same for this `part`."""
        digest = features_digest(model)
        if digest != self._digest:
            self._digest, self._held = digest, {}
        if part not in self._held:
            with autocast(split.inputs.device):  # in the precision of training
                self._held[part] = extract_features(model, split.inputs)
        return Split(self._held[part], split.targets)


@torch.no_grad()
def extract_features(model: Classifier, images: Tensor) -> Tensor:
    """(samples, features) of (samples, *shape) raw images, on the device of the model, batch by batch."""
    network: Any = model.eval().network
    layout, device = memory_format(model), model.mean.device
    _, batches = evaluation_batches(images)
    raw = (to_memory_format(images[batch].to(device), layout) for batch in batches)
    return torch.cat([network.extract(model.prepare(each)) for each in raw])


def features_digest(model: Classifier) -> str:
    """Stands for everything between an image and its features."""
    network: Any = model.network
    trained = {id(each) for each in network.head.state_dict(keep_vars=True).values()}
    digest = hashlib.sha256(str(network.resolution).encode())
    for name, value in model.state_dict(keep_vars=True).items():
        if id(value) not in trained:
            digest.update(f"{name} {tuple(value.shape)}".encode())
            digest.update(value.detach().contiguous().cpu().numpy().data)
    return digest.hexdigest()
