"""RandAugment of whole batches: each image gets operations of its own, and images with the same one share a call.

Cubuk et al. 2020, "RandAugment: Practical Automated Data Augmentation with a Reduced Search Space". The operations and
their strengths are those of torchvision's `RandAugment`. That class draws one sequence of operations for all images
that it is given together; here each image of a batch has its own, as in the paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Generator, Tensor

COUNT = 2
"""Operations on each image, one after the other: N in the paper."""
WHITE = 255.0
COLOURS = (1, 3)  # channels of images that have a brightness
Levels = tuple[float, float]
"""The values that stand for black and for white."""
BYTES: Levels = (0.0, WHITE)


class Operation(NamedTuple):
    """One way to change images."""

    name: str
    change: Callable[[Tensor, float], Tensor]
    """Takes (images, channels, height, width) uint8 and a strength: 0 to 1, or -1 to 1 where it goes either way."""
    either_way: bool = True


def randaugment(images: Tensor, generator: Generator, *, magnitude: float, levels: Levels = BYTES) -> Tensor:
    """Changes each image by COUNT operations, each drawn at random from all; which way it goes is drawn, too.

    Args:
        images: (batch, channels, height, width), any dtype, which the result has, too. All else than whole numbers from
            0 to 255 is rounded to 256 steps between the levels.
        generator: on the device of `images`.
        magnitude: the strength, as a share of the greatest, 0 to 1: 0.3 is the magnitude 9 of 30.
        levels: see Levels.
    """
    pixels = _to_bytes(images, levels)
    for _ in range(COUNT):
        pixels = _change_each(pixels, generator, magnitude)
    return _from_bytes(pixels, images.dtype, levels)


def levels_of(images: Tensor) -> Levels:
    """Those of a split: the greatest value, and the least one, or 0 for whole numbers that are never below it."""
    low = 0.0 if images.dtype == torch.uint8 else float(images.min())
    high = float(images.max())
    return (low, high) if high > low else (low, low + 1)


def _change_each(images: Tensor, generator: Generator, magnitude: float) -> Tensor:
    """Every image after one operation of its own."""
    known = operations(images.shape[1])
    drawn = torch.randint(2 * len(known), (len(images),), generator=generator, device=generator.device).tolist()
    groups: dict[tuple[int, float], list[int]] = {}
    for place, number in enumerate(drawn):
        which, back = divmod(number, 2)
        strength = -magnitude if back and known[which].either_way else magnitude
        groups.setdefault((which, strength), []).append(place)
    changed = images.clone()
    for (which, strength), places in groups.items():
        those = torch.tensor(places, device=images.device)
        changed[those] = known[which].change(images[those], strength)
    return changed


@cache
def operations(channels: int) -> tuple[Operation, ...]:
    """All fourteen; without those on colours for images whose channels are neither grey nor red, green and blue."""
    from torchvision.transforms.v2 import functional  # noqa: PLC0415 - takes seconds, and few trainings need it

    found = [
        Operation("identity", lambda images, _: images, either_way=False),
        Operation("rotate", lambda images, strength: _move(images, angle=30 * strength)),
        Operation("shear_x", lambda images, strength: _move(images, shear=(0.3 * strength, 0.0))),
        Operation("shear_y", lambda images, strength: _move(images, shear=(0.0, 0.3 * strength))),
        Operation("translate_x", lambda images, strength: _move(images, along=(150 / 331 * strength, 0.0))),
        Operation("translate_y", lambda images, strength: _move(images, along=(0.0, 150 / 331 * strength))),
        Operation("posterize", lambda images, s: functional.posterize(images, 8 - round(4 * s)), either_way=False),
        Operation("solarize", lambda images, s: functional.solarize(images, WHITE * (1 - s)), either_way=False),
        Operation("equalize", lambda images, _: functional.equalize(images), either_way=False),
    ]
    if channels in COLOURS:
        found += [
            Operation("autocontrast", lambda images, _: functional.autocontrast(images), either_way=False),
            Operation("brightness", lambda images, s: functional.adjust_brightness(images, 1 + 0.9 * s)),
            Operation("contrast", lambda images, s: functional.adjust_contrast(images, 1 + 0.9 * s)),
            Operation("color", lambda images, s: functional.adjust_saturation(images, 1 + 0.9 * s)),
            Operation("sharpness", lambda images, s: functional.adjust_sharpness(images, 1 + 0.9 * s)),
        ]
    return tuple(found)


def _move(
    images: Tensor,
    *,
    angle: float = 0.0,
    along: tuple[float, float] = (0.0, 0.0),
    shear: tuple[float, float] = (0.0, 0.0),
) -> Tensor:
    """The images turned by degrees, moved by shares of their width and height, or sheared by slopes. Zeros outside."""
    from torchvision.transforms.v2 import InterpolationMode, functional  # noqa: PLC0415 - as above

    moved: Tensor = functional.affine(
        images,
        angle=angle,
        translate=[share * side for share, side in zip(along, (images.shape[3], images.shape[2]), strict=True)],
        scale=1.0,
        shear=[math.degrees(math.atan(slope)) for slope in shear],
        interpolation=InterpolationMode.BILINEAR,
    )
    return moved


def _to_bytes(images: Tensor, levels: Levels) -> Tensor:
    if images.dtype == torch.uint8 and levels == BYTES:
        return images
    low, high = levels
    scaled = (images.float() - low) * (WHITE / (high - low))
    return scaled.round().clamp(0, WHITE).to(torch.uint8)


def _from_bytes(pixels: Tensor, dtype: torch.dtype, levels: Levels) -> Tensor:
    if dtype == torch.uint8 and levels == BYTES:
        return pixels
    low, high = levels
    values = pixels.float() * ((high - low) / WHITE) + low
    return values.to(dtype) if dtype.is_floating_point else values.round().to(dtype)
