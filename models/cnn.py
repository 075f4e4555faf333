"""Plain CNN after VGG (Simonyan & Zisserman 2014, section 2): four blocks of two 3x3 convolutions with batch norm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from tuner.data.spec import DataSpec, Task

from ._checks import check_dropout, check_number

TASKS: tuple[Task, ...] = ("image",)
SPACE: dict[str, Any] = {"dropout": {"low": 0.0, "high": 0.5}, "width": {"choices": [0.5, 1.0]}}
CHANNELS = (32, 64, 128, 256)
SMALLEST_SIDE = 2  # at 1x1 a 3x3 kernel sees only padding, and batch norm cannot train on a batch of one


def build(data: DataSpec, *, dropout: float = 0.2, width: float = 1.0) -> nn.Module:
    """A classifier of normalised float32 images, (batch, *data.shape) -> logits (batch, classes).

    Maps are halved after each of the first three blocks as long as two pixels are left on a side: 32x32 ends as
    4x4, 28x28 as 3x3 and 8x8 as 2x2. About 1.2 million parameters at width 1, growing with its square.

    Args:
        data: the dataset; any number of channels.
        dropout: share of the pooled features dropped before the classifier, 0 to 0.95.
        width: factor on the blocks' 32, 64, 128 and 256 channels, 0.125 to 4.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("cnn", dropout)
    check_number("cnn", "width", width, 0.125, 4)
    channels = tuple(round(base * width) for base in CHANNELS)
    pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(*_blocks(data.shape, channels), *pool, nn.Dropout(dropout), _classifier(channels[-1], data))


def _blocks(shape: tuple[int, ...], channels: tuple[int, ...]) -> Iterator[nn.Module]:
    inputs, side = shape[0], min(shape[1:])
    for outputs in channels:
        if inputs != shape[0] and side >= 2 * SMALLEST_SIDE:
            yield nn.MaxPool2d(2)
            side //= 2
        yield nn.Sequential(*_convolution(inputs, outputs), *_convolution(outputs, outputs))
        inputs = outputs


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    # No bias: the batch norm after it has one.
    return (
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _classifier(features: int, data: DataSpec) -> nn.Linear:
    return nn.Linear(features, len(data.classes))
