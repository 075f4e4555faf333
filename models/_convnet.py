"""What AlexNet and ZFNet have in common: convolutions with overlapping max pooling, and three dense layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import nn

SMALLEST_SIDE = 2  # the smallest map in pixels: at 1x1 batch norm cannot train on a batch of one
PAPERS_STEM_SIDE = 64  # pixels from which images suit the paper's large kernels and strides, made for 224


@dataclass(frozen=True)
class Convolution:
    """One convolution with batch norm and ReLU, and optionally max pooling."""

    channels: int
    kernel: int
    """Odd, in pixels."""
    stride: int = 1
    pool: bool = False
    """3x3 with stride 2 (Krizhevsky et al. 2012, section 3.4)."""


def convnet(
    shape: tuple[int, ...], convolutions: Iterable[Convolution], *, dense: int, dropout: float, classes: int
) -> nn.Module:
    """A classifier of (batch, *shape) images -> (batch, classes) logits, with He's initialisation.

    Strides and poolings are left out once a map has two pixels a side, and the last map is averaged to 2x2, so that
    images of any size give the dense layers the same number of features.

    Args:
        shape: (channels, height, width) of an image.
        convolutions: in order, starting at the image.
        dense: units of each of the two hidden dense layers.
        dropout: share of the units dropped before each of them.
        classes: the number of classes.
    """
    *_, last = convolutions = list(convolutions)
    pool = (nn.AdaptiveAvgPool2d(SMALLEST_SIDE), nn.Flatten())
    head = _dense(last.channels * SMALLEST_SIDE**2, dense, dropout), _dense(dense, dense, dropout)
    network = nn.Sequential(*_features(shape, convolutions), *pool, *head, nn.Linear(dense, classes))
    network.apply(_initialise)
    return network


def _features(shape: tuple[int, ...], convolutions: Iterable[Convolution]) -> Iterator[nn.Module]:
    inputs, side = shape[0], min(shape[1:])
    for layer in convolutions:
        stride = layer.stride
        while -(-side // stride) < SMALLEST_SIDE and stride > 1:
            stride -= 1
        yield _convolution(inputs, layer, stride)
        inputs, side = layer.channels, -(-side // stride)
        if layer.pool and side > SMALLEST_SIDE:
            yield nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
            side = -(-side // 2)


def _convolution(inputs: int, layer: Convolution, stride: int) -> nn.Sequential:
    # No bias: the batch norm after it has one.
    convolution = nn.Conv2d(inputs, layer.channels, layer.kernel, stride, padding=layer.kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(layer.channels), nn.ReLU(inplace=True))


def _dense(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Dropout(dropout), nn.Linear(inputs, outputs), nn.ReLU(inplace=True))


def _initialise(module: nn.Module) -> None:
    # He et al. 2015, "Delving deep into rectifiers", section 2.2.
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
