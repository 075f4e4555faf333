"""MobileNetV2 (Sandler et al. 2018) with weights from ImageNet, under a new head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torchvision import models

from tuner.data.spec import DataSpec, Task

from ._pretrained import IMAGENET, pretrained_weights
from ._transfer import SPACE as TRANSFER_SPACE
from ._transfer import Settings, transfer
from ._weight_sources import Download

TASKS: tuple[Task, ...] = ("image",)
SPACE: dict[str, Any] = TRANSFER_SPACE | {"thaw": {"low": 1, "high": 6, "when": {"train": "fine_tuning"}}}
NORMALISATION = IMAGENET
PUBLISHED = Download(models.MobileNet_V2_Weights.IMAGENET1K_V1)
BLOCKS = 17
CHANNELS = 1280


def build(
    data: DataSpec,
    *,
    dropout: float = 0.3,
    hidden: int = 256,
    pretrained: bool = True,
    train: str = "feature_extraction",
    thaw: int = 3,
    thawed_lr: float = 0.1,
) -> nn.Module:
    """A classifier of float32 images normalised as ImageNet's, (batch, 3, height, width) -> logits (batch, classes).

    The layers of table 2 of "MobileNetV2: Inverted Residuals and Linear Bottlenecks" up to its pooling, as in
    torchvision (2,223,872 parameters), then global average pooling and two dense layers. The weights of ImageNet are
    not read here: `pretrained` below gives them.

    Args:
        data: the dataset; grey or colour images of 32x32 pixels or more.
        dropout: share of the hidden units dropped before the classifier, 0 to 0.95.
        hidden: units of the hidden dense layer, 1 to 4096.
        pretrained: whether the convolutions start from ImageNet weights. If not, all is trained and the next three
            arguments are ignored.
        train: feature_extraction (only the head) or fine_tuning (the last inverted residuals too).
        thaw: how many of the 17 inverted residuals are trained in fine_tuning, 0 to 17; the first one includes the
            convolution before it, the last one the convolution after it.
        thawed_lr: factor on the learning rate of these layers, 0 to 1.

    Raises:
        TunerError: a value out of its range, or images that are too small or have other channels.
    """
    settings = Settings(
        dropout=dropout, hidden=hidden, pretrained=pretrained, train=train, thaw=thaw, thawed_lr=thawed_lr
    )
    settings.check("mobilenet_v2", data, BLOCKS)
    features = _features()
    first, *middle, last, end = features.children()
    blocks = [[first, middle[0]], *([block] for block in middle[1:]), [last, end]]
    return transfer(features, blocks, CHANNELS, len(data.classes), settings)


def pretrained(file: Path | None, folder: Path) -> dict[str, Tensor]:
    """The convolutions' and batch norms' weights under their names in `build`'s network.

    Without a file, torchvision's first version is used: the regularisation that made the second better on ImageNet
    makes features worse for other data (Kornblith et al. 2019, "Do Better ImageNet Models Transfer Better?", section
    4.2).

    Args:
        file: a state dict of torchvision's mobilenet_v2; None for the one that torchvision downloads.
        folder: where a download is kept.

    Raises:
        TunerError: the file cannot be used or downloaded.
    """
    expected = {f"features.{name}": tensor for name, tensor in _features().state_dict().items()}
    return pretrained_weights("mobilenet_v2", PUBLISHED, expected, file, folder)


def _features() -> nn.Module:
    features: nn.Module = models.mobilenet_v2().features
    return features
