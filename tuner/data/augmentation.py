"""Augmentation of whole batches on their device: each image its own random crop, flip or rotation; words of texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Generator, Tensor
from torch.nn import functional

from tuner.data.randaugment import BYTES, Levels, randaugment
from tuner.data.texts import PADDING, UNKNOWN

MAX_ROTATION = math.radians(15)
Augmentation = Callable[[Tensor, Generator], Tensor]


def crop(images: Tensor, generator: Generator) -> Tensor:
    """Shifts each image by up to an eighth of its height and width, filling with zeros.

    Args:
        images: (batch, channels, height, width), any dtype.
        generator: on the device of `images`.
    """
    batch, _, height, width = images.shape
    above, beside = max(1, height // 8), max(1, width // 8)
    padded = functional.pad(images, (beside, beside, above, above))
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # each crop that there is: a view
    sample = torch.arange(batch, device=images.device)
    return windows[sample, :, _first(batch, above, generator), _first(batch, beside, generator)]


def _first(batch: int, pad: int, generator: Generator) -> Tensor:
    """(batch,) rows or columns of a padded image at which each image's crop begins."""
    return torch.randint(0, 2 * pad + 1, (batch,), generator=generator, device=generator.device)


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Mirrors each image left to right with probability one half; shapes as in `crop`."""
    mirrored = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(-1), images)


def rotate(images: Tensor, generator: Generator) -> Tensor:
    """Rotates each image by up to 15 degrees either way (bilinear, zeros outside). Returns float32."""
    angle = (torch.rand(len(images), generator=generator, device=images.device) * 2 - 1) * MAX_ROTATION
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images.float(), grid, align_corners=False)


def cutout(images: Tensor, generator: Generator, *, share: float) -> Tensor:
    """Hides a square somewhere in each image, which may reach over its edge, behind the mean of each channel there.

    DeVries & Taylor 2017, "Improved Regularization of Convolutional Neural Networks with Cutout".

    Args:
        images: (batch, channels, height, width), any dtype.
        generator: on the device of `images`.
        share: side of the square, as a share of the shorter side of the images.
    """
    batch, _, height, width = images.shape
    side = max(1, round(share * min(height, width)))
    rows, columns = _band(batch, height, side, generator), _band(batch, width, side, generator)
    mean = images.float().mean(dim=(2, 3), keepdim=True).to(images.dtype)
    return torch.where((rows[:, :, None] & columns[:, None, :])[:, None], mean, images)


def _band(batch: int, length: int, side: int, generator: Generator) -> Tensor:
    """(batch, length): which positions along a side are in a band of `side` whose centre is anywhere."""
    device = generator.device
    first = torch.randint(0, length, (batch, 1), generator=generator, device=device) - side // 2
    places = torch.arange(length, device=device)
    return (places >= first) & (places < first + side)


def word_dropout(tokens: Tensor, generator: Generator, *, share: float) -> Tensor:
    """Takes each word for an unknown one with a probability; the padding stays.

    Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods for Text Classification", section 3.2, drop
    the words of a text for each training step, 0.3 of them; here their places stay, as in Bowman et al. 2016,
    "Generating Sentences from a Continuous Space", section 3.1.

    Args:
        tokens: (batch, steps), whole numbers.
        generator: on the device of `tokens`.
        share: the probability.
    """
    dropped = torch.rand(tokens.shape, generator=generator, device=tokens.device) < share
    return tokens.masked_fill(dropped & (tokens != PADDING), UNKNOWN)


AUGMENTATIONS: dict[str, Augmentation] = {"crop": crop, "flip": flip, "rotate": rotate}


def chosen(
    names: Iterable[str],
    *,
    hidden: float = 0.0,
    unread: float = 0.0,
    magnitude: float = 0.0,
    levels: Levels | None = None,
) -> tuple[Augmentation, ...]:
    """The named augmentations, RandAugment before them and the others after them; a strength of 0 leaves these out.

    RandAugment comes first because its colours are of pixels as they are in the data: see `levels` there.

    Args:
        names: of AUGMENTATIONS.
        hidden: the share of the side that cutout hides.
        unread: the share of words that word dropout hides.
        magnitude: that of RandAugment.
        levels: see `randaugment`; None for those of images from 0 to 255.
    """
    first = [partial(randaugment, magnitude=magnitude, levels=levels or BYTES)] if magnitude else []
    last = [partial(change, share=share) for change, share in ((cutout, hidden), (word_dropout, unread)) if share]
    return (*first, *(AUGMENTATIONS[name] for name in names), *last)


def augment(inputs: Tensor, augmentations: Iterable[Augmentation], generator: Generator) -> Tensor:
    """Applies the augmentations one after the other."""
    for change in augmentations:
        inputs = change(inputs, generator)
    return inputs
