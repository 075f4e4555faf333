"""Networks of torchvision by its names, such as torchvision:convnext_tiny, with its weights of ImageNet."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torchvision import models
from torchvision.models import WeightsEnum

from tuner.core.errors import TunerError, unknown
from tuner.data.spec import DataSpec, Task

from ._library import SPACES, Choices, adapt, body, built, last_layer, normalisation
from ._pretrained import IMAGENET, library_weights
from ._weight_sources import Download

_IMAGES = 1000  # classes of ImageNet
_FIXED = {"vit_": "image_size", "maxvit_": "input_size"}  # families for one size of images, and its keyword
_TRANSFORMERS = ("vit_", "maxvit_", "swin_")
_INCEPTIONS = ("googlenet", "inception_v3")
_LEAST = {"inception_v3": 96, "alexnet": 64}  # pixels, where a network halves smaller images to nothing


class Model:
    """What a file of models/ has, for one of torchvision's networks."""

    TASKS: tuple[Task, ...] = ("image",)

    def __init__(self, name: str) -> None:
        self.name = name
        self.full = f"torchvision:{name}"
        self.weights: WeightsEnum | None = models.get_model_weights(name).DEFAULT
        self.__doc__ = f"{name} of torchvision, with weights from ImageNet, under a new last layer."
        kind = "transformer" if name.startswith(_TRANSFORMERS) else "convolutional"
        self.SPACE: dict[str, Any] = SPACES[kind]
        transform = self.weights.transforms() if self.weights else None
        self.NORMALISATION = normalisation(transform.mean, transform.std) if transform else IMAGENET
        self._size: int = transform.crop_size[0] if transform else 224

    def build(
        self,
        data: DataSpec,
        *,
        dropout: float = 0.2,
        pretrained: bool = True,
        train: str = "feature_extraction",
        thawed_lr: float = 0.1,
        resolution: int = 0,
    ) -> nn.Module:
        """A classifier, float32 (batch, channels, height, width) -> (batch, classes). See `_library.Choices`.

        Raises:
            TunerError: a value out of its range, or one that torchvision refuses.
        """
        choices = Choices(
            dropout=dropout, pretrained=pretrained, train=train, thawed_lr=thawed_lr, resolution=resolution
        )
        choices.check(self.full)
        keyword = next((word for family, word in _FIXED.items() if self.name.startswith(family)), None)
        side = choices.side(self.full, self._size if keyword else None, _LEAST.get(self.name, 0))
        network = self._network(len(data.classes), keyword, side, pretrained=pretrained)
        heads = [last_layer(network, len(data.classes))]
        return adapt(network, heads, data, choices, side, fixed=keyword is not None)

    def pretrained(self, file: Path | None, folder: Path) -> dict[str, Tensor]:
        """The weights of all but the last layer, under their names in `build`'s network.

        Args:
            file: a state dict of this network; None for the default weights of torchvision, which it downloads.
            folder: where a download is kept.

        Raises:
            TunerError: the file cannot be used or downloaded.
        """
        if file is None:
            if self.weights is None:
                raise TunerError(f"{self.full}: torchvision has no weights of it: use --set pretrained=false")
            file = Download(self.weights).find(self.full, folder)
        network = self._network(_IMAGES, None, 0, pretrained=True)
        library_weights(self.full, network, file, _today if self.name.startswith("densenet") else str)
        return body(network, [last_layer(network, _IMAGES)])

    def _network(self, classes: int, keyword: str | None, side: int, *, pretrained: bool) -> nn.Module:
        more: dict[str, Any] = {}
        if keyword:
            more[keyword] = side if keyword == "image_size" else (side, side)
        if self.name in _INCEPTIONS:
            more |= {"aux_logits": False, "init_weights": not pretrained, "transform_input": pretrained}
        network = built(self.full, models.get_model, self.name, weights=None, num_classes=classes, **more)
        if isinstance(network, models.MNASNet):
            network.__class__ = _MNASNet
        return network


class _MNASNet(models.MNASNet):  # type: ignore[misc]
    """Takes a state dict for one of today's version where it does not say so: a file of tensors cannot."""

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *arguments: Any
    ) -> None:
        known = {"version": self._version, **local_metadata}
        super()._load_from_state_dict(state_dict, prefix, known, *arguments)


@cache
def member(name: str) -> Model:
    """A network of torchvision. Raises TunerError with the nearest names when it has none of this name."""
    known = models.list_models(module=models)
    if name not in known:
        raise unknown("model of torchvision", name, known)
    return Model(name)


def _today(name: str) -> str:
    """The name of a densenet's tensor; files have those that torch 0.3 allowed.

    >>> _today("features.denseblock1.denselayer2.norm.1.weight")
    'features.denseblock1.denselayer2.norm1.weight'
    """
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d+\.)", r"\1\2", name)
