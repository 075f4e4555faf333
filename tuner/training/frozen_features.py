"""Features of a frozen network, computed once: where the head alone is trained, the rest always gives the same.

A network takes part that has `extracts_once` (whether that is so), `extract` (images to features), `head` (features to
logits) and `resolution` (of the images that it extracts them from), such as those of models/_transfer.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Generator, Tensor, nn

from tuner.core.files import digest
from tuner.core.units import format_number
from tuner.data.augmentation import Augmentation, augment
from tuner.data.batches import evaluation_batches
from tuner.training.classifier import Classifier
from tuner.training.device import autocast, memory_format, precision, processor, to_memory_format
from tuner.training.feature_files import FeatureFiles
from tuner.training.memory import memory_of

FORMAT = 1  # of what a key stands for: raised when the same network, images and changes give other features
FULL = "float32"
SHARE = 0.25  # of the memory of the device, which features take at most


def extracts_once(model: nn.Module) -> bool:
    """Whether the head of this classifier alone is trained."""
    return bool(getattr(getattr(model, "network", None), "extracts_once", False))


class FeatureStore:
    """The features of a dataset's splits, for all trials that begin with the same frozen network.

    Those of the last such network are held in this process. With `samples` they are kept in files, too, for all
    processes of the node and for later sweeps of the same data.
    """

    def __init__(self, samples: str = "", files: FeatureFiles | None = None) -> None:
        """`samples` identifies the splits; without it nothing is kept in `files`."""
        self._samples = samples
        self._files = files
        self._network = ""
        self._held: dict[str, Tensor | None] = {}
        self._notes: list[str] = []

    def take_notes(self) -> list[str]:
        """What a user should know since the last call; one line each."""
        notes, self._notes = self._notes, []
        return notes

    def features(
        self,
        part: str,
        images: Tensor,
        model: Classifier,
        *,
        frozen: str = "",
        changes: Sequence[Augmentation] = (),
        named: tuple[str, ...] | None = (),
        views: int = 0,
        exact: bool = False,
    ) -> Tensor | None:
        """(samples, features) of all images of a part, or (samples, views, features); None where they are too large.

        Args:
            part: the name of the split that the images are, always the same ones.
            images: (samples, *shape), raw, on the device of the model.
            model: whose network has them.
            frozen: its `features_digest`, where these are weights that others start from, too: then the features are
                shared with them. Empty where another process has no use for them.
            changes: what is done to the images first, at random.
            named: names that stand for these changes; None where only this trial has them.
            views: how often each image is changed. With 0 no image is.
            exact: in full precision, and not in that of training.
        """
        network = frozen or features_digest(model)
        if network != self._network:
            self._network, self._held = network, {}
        device = images.device
        kind = FULL if exact else precision(device)
        key = self._key(network, part, images, kind, device, views, named)
        if key in self._held:
            return self._held[key]

        def compute() -> Tensor | None:
            with nullcontext() if exact else autocast(device):
                return self._compute(images, model, changes, views)

        if named is None:
            return compute()
        if frozen and self._samples:
            found = (self._files or FeatureFiles()).get(key, compute)
            found = found if found is None else found.to(device)
        else:
            found = compute()
        self._held[key] = found
        return found

    def known(self, part: str, images: Tensor, model: Classifier) -> Tensor | None:
        """(samples, features) of all images of a part, on the CPU, if these are kept, in one precision or the other.

        They were computed on a device like that of the model.
        """
        network, device = features_digest(model), model.mean.device
        for kind in dict.fromkeys((FULL, precision(device))):
            found = (self._files or FeatureFiles()).peek(self._key(network, part, images, kind, device))
            if found is not None:
                return found
        return None

    def _key(
        self,
        network: str,
        part: str,
        images: Tensor,
        kind: str,
        device: torch.device,
        views: int = 0,
        named: tuple[str, ...] | None = (),
    ) -> str:
        shape, place = tuple(images.shape), processor(device)
        return digest(FORMAT, network, self._samples, part, shape, views, named, kind, place)

    def _compute(self, images: Tensor, model: Classifier, changes: Sequence[Augmentation], views: int) -> Tensor | None:
        try:
            return extract_features(model, images, changes, views, most=SHARE * memory_of(images.device))
        except TooLargeError as error:
            self._notes.append(
                f"the features of {len(images):,} images would take {format_number(error.bytes, 'B')}, more than a "
                "quarter of the memory: the images go through the frozen network in each epoch"
            )
            return None


class TooLargeError(Exception):
    """Features take more memory than they may."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.bytes = size


@torch.no_grad()
def extract_features(
    model: Classifier,
    images: Tensor,
    changes: Sequence[Augmentation] = (),
    views: int = 0,
    most: float = float("inf"),
) -> Tensor:
    """(samples, *features) of (samples, *shape) raw images, on the device of the model, batch by batch.

    With `views` it is (samples, views, *features): each image is changed so often. The changes depend on nothing but
    the number of the view and the images.

    Raises:
        TooLargeError: they would take more than `most` bytes.
    """
    network: Any = model.eval().network
    layout, device = memory_format(model), model.mean.device
    generators = [Generator(images.device).manual_seed(view) for view in range(views)]
    _, batches = evaluation_batches(images)
    found: Tensor | None = None
    for batch in batches:
        raw = images.index_select(0, batch)
        for view, changed in enumerate([augment(raw, changes, each) for each in generators] if views else [raw]):
            features = network.extract(model.prepare(to_memory_format(changed.to(device), layout)))
            if found is None:
                size = len(images) * max(1, views) * features[0].nbytes
                if size > most:
                    raise TooLargeError(size)
                found = features.new_empty(len(images), max(1, views), *features.shape[1:])
            found[batch, view] = features
    assert found is not None
    return found if views else found[:, 0]


def choose_view(features: Tensor, generator: Generator) -> Tensor:
    """(batch, views, *features) -> (batch, *features): one view of each sample, drawn at random."""
    chosen = torch.randint(features.shape[1], (len(features),), generator=generator, device=generator.device)
    return features[torch.arange(len(features), device=features.device), chosen]


def head_of(model: nn.Module) -> nn.Module:
    """What gives logits from features."""
    network: Any = model.network
    head: nn.Module = network.head
    return head


def features_digest(model: Classifier) -> str:
    """Stands for everything between an image and its features."""
    network: Any = model.network
    own = head_names(model)
    found = hashlib.sha256(str(network.resolution).encode())
    for name, value in model.state_dict().items():
        if name not in own:
            found.update(f"{name} {tuple(value.shape)}".encode())
            found.update(value.detach().contiguous().cpu().numpy().data)
    return found.hexdigest()


def trained_part(model: nn.Module, *, shared: bool) -> tuple[str, dict[str, str]]:
    """What stands for the frozen weights of a model if others share them, and the names of all its other weights.

    Each has its name in the state dict of the head, or its own where nothing is shared.
    """
    if shared and isinstance(model, Classifier) and extracts_once(model):
        return features_digest(model), head_names(model)
    return "", {name: name for name in model.state_dict()}


def head_names(model: Classifier) -> dict[str, str]:
    """The names, in the state dict of a classifier, of what its head has, and those in the state dict of the head."""
    own = {id(each): name for name, each in head_of(model).state_dict(keep_vars=True).items()}
    return {name: own[id(each)] for name, each in model.state_dict(keep_vars=True).items() if id(each) in own}
