"""LeNet-5 (LeCun et al. 1998): three convolutions with average pooling, then 120 and 84 units."""

from __future__ import annotations

from typing import Any

from torch import nn

from tuner.data.spec import DataSpec, Task

from ._checks import check_choice, check_dropout, check_flag

TASKS: tuple[Task, ...] = ("image",)
SPACE: dict[str, Any] = {"dropout": {"low": 0.0, "high": 0.4}, "activation": {"choices": ["relu", "tanh"]}}
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}
KERNEL = 5
PAPERS_SIDE = 32


def build(data: DataSpec, *, dropout: float = 0.0, activation: str = "relu", batch_norm: bool = True) -> nn.Module:
    """A classifier of normalised float32 images, (batch, *data.shape) -> logits (batch, classes).

    LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition", section II.B and figure 2: 6 and 16
    maps, each averaged to half its side, then a third convolution over the whole map, which makes it a dense layer
    of 120 units, and a dense layer of 84. Adapted: every map of the second convolution sees all six of the first
    (61,706 parameters without batch norm, for 32x32 grey images and 10 classes); softmax in place of radial basis
    functions; ReLU and batch norm, which are newer than the paper (`activation="tanh", batch_norm=False` is nearer to
    it). Images below 32 pixels a side are padded within the convolutions; larger maps are averaged to 5x5.

    Args:
        data: the dataset; any number of channels, 4x4 pixels or more.
        dropout: share of the 120 units dropped before the 84, 0 to 0.95.
        activation: relu or tanh.
        batch_norm: whether the first two convolutions are normalised (Ioffe & Szegedy 2015).

    Raises:
        TunerError: an invalid value.
    """
    check_dropout("lenet", dropout)
    check_choice("lenet", "activation", activation, tuple(ACTIVATIONS))
    check_flag("lenet", "batch_norm", batch_norm)
    nonlinear = ACTIVATIONS[activation]
    first_padding, second_padding, last = _geometry(min(data.shape[1:]))
    return nn.Sequential(
        _convolution(data.shape[0], 6, first_padding, batch_norm=batch_norm),
        nonlinear(),
        nn.AvgPool2d(2),
        _convolution(6, 16, second_padding, batch_norm=batch_norm),
        nonlinear(),
        nn.AdaptiveAvgPool2d(last),
        nn.Conv2d(16, 120, last),
        nonlinear(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(120, 84),
        nonlinear(),
        nn.Linear(84, len(data.classes)),
    )


def _geometry(side: int) -> tuple[int, int, int]:
    """Padding of the first and the second convolution, and the side of the map that the third one covers."""
    first = 2 if side < PAPERS_SIDE else 0
    half = (side + 2 * first - 4) // 2
    second = 2 if half < 2 * KERNEL + 4 else 0
    return first, second, max(1, min(KERNEL, (half + 2 * second - 4) // 2))


def _convolution(inputs: int, outputs: int, padding: int, *, batch_norm: bool) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, KERNEL, padding=padding, bias=not batch_norm)  # batch norm has a bias
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs)) if batch_norm else nn.Sequential(convolution)
