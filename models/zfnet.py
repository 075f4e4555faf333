"""ZFNet (Zeiler & Fergus 2013) for small images: AlexNet with smaller first kernels; five convolutions, three dense."""

from __future__ import annotations

from typing import Any

from torch import nn

from tuner.data.spec import DataSpec, Task

from ._checks import check_dropout, check_number
from ._convnet import PAPERS_STEM_SIDE, Convolution, convnet

TASKS: tuple[Task, ...] = ("image",)
SPACE: dict[str, Any] = {"dropout": {"low": 0.0, "high": 0.6}, "width": {"choices": [0.25, 0.5]}}
DENSE = 2048  # at width 1; the paper has 4096, for 1000 classes and nine times as many features


def build(data: DataSpec, *, dropout: float = 0.3, width: float = 0.5) -> nn.Module:
    """A classifier of normalised float32 images, (batch, *data.shape) -> logits (batch, classes).

    Zeiler & Fergus 2013, "Visualizing and Understanding Convolutional Networks", section 4.1 and figure 3: AlexNet
    with smaller kernels and strides in the first layers, since larger ones lose detail. Kept: its channels, and three
    overlapping max poolings. Adapted: batch norm in place of contrast normalisation; below 64 pixels a side two
    convolutions of 3x3 with stride 1 in place of 7x7 and 5x5 with stride 2; half the channels at width 0.5, and dense
    layers of 1024 units. That costs 67 million multiply-adds for a 32x32 image, and 2.4 million parameters.

    Args:
        data: the dataset; any number of channels, 8x8 pixels or more.
        dropout: share of the units dropped before each hidden dense layer, 0 to 0.95.
        width: factor on the paper's 96, 256, 384, 384 and 256 channels and on 2048 dense units, 0.125 to 2.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("zfnet", dropout)
    check_number("zfnet", "width", width, 0.125, 2)
    large = min(data.shape[1:]) >= PAPERS_STEM_SIDE
    first, second, stride = (7, 5, 2) if large else (3, 3, 1)
    convolutions = (
        Convolution(round(96 * width), first, stride, pool=True),
        Convolution(round(256 * width), second, stride, pool=True),
        Convolution(round(384 * width), 3),
        Convolution(round(384 * width), 3),
        Convolution(round(256 * width), 3, pool=True),
    )
    return convnet(data.shape, convolutions, dense=round(DENSE * width), dropout=dropout, classes=len(data.classes))
