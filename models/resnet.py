"""CIFAR ResNet (He et al. 2015, section 4.2): depth 20, 32, 44, 56, or 18 for ResNet-18."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import pad, relu

from tuner.data.spec import DataSpec, Task

from ._checks import check_choice, check_dropout

TASKS: tuple[Task, ...] = ("image",)
SPACE: dict[str, Any] = {"dropout": {"low": 0.0, "high": 0.3}, "depth": {"choices": [20, 32]}}
DEPTHS = (18, 20, 32, 44, 56)


def build(data: DataSpec, *, dropout: float = 0.0, depth: int = 20) -> nn.Module:
    """A classifier of normalised float32 images, (batch, *data.shape) -> logits (batch, classes).

    Depth 20, 32, 44 and 56 are the paper's 6n + 2 layers: three stages of n blocks with 16, 32 and 64 channels and
    shortcuts without parameters (0.27, 0.46, 0.66 and 0.86 million parameters). Depth 18 is the ImageNet network
    (table 1: stages of two blocks with 64, 128, 256 and 512 channels, 11.2 million parameters) with a 3x3 stem of
    stride 1 and no max pooling, as is usual for small images.

    Args:
        data: the dataset; any number of channels, 8x8 pixels or more.
        dropout: share of the pooled features dropped before the classifier, 0 to 0.95.
        depth: number of layers with weights.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("resnet", dropout)
    check_choice("resnet", "depth", depth, DEPTHS)
    shortcut: type[nn.Module] = Projection if depth == 18 else ZeroPad
    channels = (64, 128, 256, 512) if depth == 18 else (16, 32, 64)
    blocks = 2 if depth == 18 else (depth - 2) // 6
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels[-1], len(data.classes)))
    network = nn.Sequential(*_stem(data.shape[0], channels[0]), *_stages(channels, blocks, shortcut), *head)
    network.apply(_initialise)
    return network


class ZeroPad(nn.Module):
    """Shortcut A: every second pixel, with zeros for the new channels. It has no parameters."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.new_channels = outputs - inputs

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, inputs, height, width) -> (batch, outputs, height / 2, width / 2), rounded up."""
        return pad(maps[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.new_channels))


class Projection(nn.Sequential):
    """Shortcut B: a 1x1 convolution of stride 2 with batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, kernel_size=1, stride=2, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, and a shortcut around them (figure 2)."""

    def __init__(self, inputs: int, outputs: int, shortcut: nn.Module, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, stride)
        self.second = _convolution(outputs, outputs)
        self.shortcut = shortcut

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, inputs, height, width) -> (batch, outputs, height / stride, width / stride), rounded up."""
        return relu(self.second(relu(self.first(maps))) + self.shortcut(maps))


def _stem(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return _convolution(inputs, outputs), nn.ReLU(inplace=True)


def _stages(channels: tuple[int, ...], blocks: int, shortcut: type[nn.Module]) -> Iterator[nn.Module]:
    yield from _plain(channels[0], blocks)
    for before, after in pairwise(channels):
        yield BasicBlock(before, after, shortcut(before, after), stride=2)
        yield from _plain(after, blocks - 1)


def _plain(channels: int, blocks: int) -> Iterator[nn.Module]:
    for _ in range(blocks):
        yield BasicBlock(channels, channels, nn.Identity(), stride=1)


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    # No bias: the batch norm has one.
    convolution = nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


def _initialise(module: nn.Module) -> None:
    # He et al. 2015b, "Delving deep into rectifiers", section 2.2, as section 4.2 of the ResNet paper asks.
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
