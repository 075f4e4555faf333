"""VGG-16 (Simonyan & Zisserman 2014) with weights from ImageNet, under a new head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from tuner.data.spec import DataSpec, Task

from ._pretrained import IMAGENET, pretrained_weights
from ._transfer import SPACE as TRANSFER_SPACE
from ._transfer import Settings, transfer
from ._weight_sources import Download

TASKS: tuple[Task, ...] = ("image",)
SPACE: dict[str, Any] = TRANSFER_SPACE | {"thaw": {"low": 1, "high": 3, "when": {"train": "fine_tuning"}}}
NORMALISATION = IMAGENET
PUBLISHED = Download(models.VGG16_Weights.IMAGENET1K_V1)
STAGES = 5
CHANNELS = 512


def build(
    data: DataSpec,
    *,
    dropout: float = 0.3,
    hidden: int = 256,
    pretrained: bool = True,
    train: str = "feature_extraction",
    thaw: int = 1,
    thawed_lr: float = 0.1,
) -> nn.Module:
    """A classifier of float32 images normalised as ImageNet's, (batch, 3, height, width) -> logits (batch, classes).

    The 13 convolutions of configuration D in table 1 of "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", as in torchvision (14,714,688 parameters), then global average pooling and two dense layers. The
    weights of ImageNet are not read here: `pretrained` below gives them.

    Args:
        data: the dataset; grey or colour images of 32x32 pixels or more.
        dropout: share of the hidden units dropped before the classifier, 0 to 0.95.
        hidden: units of the hidden dense layer, 1 to 4096.
        pretrained: whether the convolutions start from ImageNet weights. If not, all is trained and the next three
            arguments are ignored.
        train: feature_extraction (only the head) or fine_tuning (the last stages of convolutions too).
        thaw: how many of the five stages are trained in fine_tuning, 0 to 5.
        thawed_lr: factor on the learning rate of these stages, 0 to 1.

    Raises:
        TunerError: a value out of its range, or images that are too small or have other channels.
    """
    settings = Settings(
        dropout=dropout, hidden=hidden, pretrained=pretrained, train=train, thaw=thaw, thawed_lr=thawed_lr
    )
    settings.check("vgg16", data, STAGES)
    features = _features().to_empty(device="cpu")
    features.apply(_initialise)
    return transfer(features, _stages(features), CHANNELS, len(data.classes), settings)


def pretrained(file: Path | None, folder: Path) -> dict[str, Tensor]:
    """The convolutions' weights under their names in `build`'s network.

    Args:
        file: a state dict of torchvision's vgg16; None for the one that torchvision downloads.
        folder: where a download is kept.

    Raises:
        TunerError: the file cannot be used or downloaded.
    """
    expected = {f"features.{name}": tensor for name, tensor in _features().state_dict().items()}
    return pretrained_weights("vgg16", PUBLISHED, expected, file, folder)


def _features() -> nn.Module:
    with torch.device("meta"):  # without memory, above all for the 124 million weights of the head that is not used
        features: nn.Module = models.vgg16(init_weights=False).features
    return features


def _stages(features: nn.Module) -> list[list[nn.Module]]:
    stages: list[list[nn.Module]] = [[]]
    for layer in features.children():
        stages[-1].append(layer)
        if isinstance(layer, nn.MaxPool2d):
            stages.append([])
    return stages[:STAGES]


def _initialise(module: nn.Module) -> None:
    # He et al. 2015, "Delving deep into rectifiers", section 2.2.
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
