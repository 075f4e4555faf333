"""AlexNet (Krizhevsky et al. 2012) for small images: five convolutions, three max poolings, three dense layers."""

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

    Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural Networks", section 3.5 and
    figure 2. Kept: the five convolutions with their kernels from the second on, overlapping max pooling after the
    first, second and fifth, dropout before both hidden dense layers. Adapted: batch norm in place of local response
    normalisation; below 64 pixels a side a first convolution of 5x5 with stride 2 in place of 11x11 with stride 4;
    not split over two GPUs; at the default width 0.5 half the channels and dense layers of 1024 units. That costs 25
    million multiply-adds for a 32x32 image, and 2.5 million parameters.

    Args:
        data: the dataset; any number of channels, 8x8 pixels or more.
        dropout: share of the units dropped before each hidden dense layer, 0 to 0.95.
        width: factor on the paper's 96, 256, 384, 384 and 256 channels and on 2048 dense units, 0.125 to 2.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("alexnet", dropout)
    check_number("alexnet", "width", width, 0.125, 2)
    kernel, stride = (11, 4) if min(data.shape[1:]) >= PAPERS_STEM_SIDE else (5, 2)
    convolutions = (
        Convolution(round(96 * width), kernel, stride, pool=True),
        Convolution(round(256 * width), 5, pool=True),
        Convolution(round(384 * width), 3),
        Convolution(round(384 * width), 3),
        Convolution(round(256 * width), 3, pool=True),
    )
    return convnet(data.shape, convolutions, dense=round(DENSE * width), dropout=dropout, classes=len(data.classes))
