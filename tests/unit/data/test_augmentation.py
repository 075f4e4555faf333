"""Augmentation: every sample its own, and no more than it says."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from tuner.core import catalog
from tuner.data.augmentation import AUGMENTATIONS, MAX_ROTATION, augment, chosen, crop, cutout, flip, rotate
from tuner.data.texts import PADDING, UNKNOWN


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int = 64, channels: int = 3, height: int = 16, width: int | None = None) -> Tensor:
    shape = (count, channels, height, width or height)
    return torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator(7))


def shifted(image: Tensor, above: int, beside: int) -> dict[tuple[int, int], Tensor]:
    """All crops of the image with a border of zeros, by their first row and column."""
    _, height, width = image.shape
    padded = torch.nn.functional.pad(image, (beside, beside, above, above))
    places = product(range(2 * above + 1), range(2 * beside + 1))
    return {(row, column): padded[:, row : row + height, column : column + width] for row, column in places}


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
class TestEveryAugmentation:
    def test_keeps_the_shape_and_leaves_its_input_alone(self, name: str) -> None:
        batch = images()
        before = batch.clone()
        assert augment(batch, [AUGMENTATIONS[name]], generator()).shape == batch.shape
        assert torch.equal(batch, before)

    def test_depends_on_the_generator_alone(self, name: str) -> None:
        torch.manual_seed(1)
        first = augment(images(), [AUGMENTATIONS[name]], generator(3))
        torch.manual_seed(2)
        assert torch.equal(first, augment(images(), [AUGMENTATIONS[name]], generator(3)))
        assert not torch.equal(first, augment(images(), [AUGMENTATIONS[name]], generator(4)))

    def test_treats_each_sample_on_its_own(self, name: str) -> None:
        same = images(1).expand(64, -1, -1, -1)
        assert len(torch.unique(augment(same, [AUGMENTATIONS[name]], generator()), dim=0)) > 1

    def test_takes_an_image_of_one_channel_and_few_pixels(self, name: str) -> None:
        assert augment(images(5, 1, 2), [AUGMENTATIONS[name]], generator()).shape == (5, 1, 2, 2)


@pytest.mark.parametrize(
    ("size", "pads"),
    [((32, 32), (4, 4)), ((28, 28), (3, 3)), ((8, 8), (1, 1)), ((4, 4), (1, 1)), ((8, 24), (1, 3)), ((24, 8), (3, 1))],
)
def test_a_crop_is_the_image_shifted_by_up_to_an_eighth_with_zeros_around(
    size: tuple[int, int], pads: tuple[int, int]
) -> None:
    batch = images(48, 2, *size)
    cropped = crop(batch, generator())
    assert cropped.dtype == torch.uint8
    shifts = [
        [place for place, candidate in shifted(image, *pads).items() if torch.equal(candidate, result)]
        for image, result in zip(batch, cropped, strict=True)
    ]
    assert all(len(found) == 1 for found in shifts)
    for axis, pad in enumerate(pads):
        assert {found[0][axis] for found in shifts} == set(range(2 * pad + 1))


def test_a_flip_mirrors_about_half_of_the_images_left_to_right() -> None:
    batch = images(400)
    flipped = flip(batch, generator())
    assert flipped.dtype == torch.uint8
    same = torch.tensor([torch.equal(a, b) for a, b in zip(batch, flipped, strict=True)])
    mirrored = torch.tensor([torch.equal(a.flip(-1), b) for a, b in zip(batch, flipped, strict=True)])
    assert bool((same ^ mirrored).all())
    assert 150 < int(mirrored.sum()) < 250


def test_a_rotation_turns_a_point_about_the_centre_by_up_to_15_degrees_either_way() -> None:
    side, radius = 33, 10
    batch = torch.zeros(300, 1, side, side)
    centre = side // 2
    batch[:, 0, centre - 1 : centre + 2, centre + radius - 1 : centre + radius + 2] = 1.0  # a dot right of the centre
    rotated = rotate(batch, generator())[:, 0]
    axis = torch.arange(side) - centre
    mass = rotated.sum((1, 2))
    x = (rotated * axis).sum((1, 2)) / mass
    y = (rotated * axis[:, None]).sum((1, 2)) / mass
    angle = torch.atan2(y, x)
    assert math.degrees(MAX_ROTATION) == pytest.approx(15)
    assert torch.hypot(x, y) == pytest.approx(torch.full((300,), float(radius)), abs=0.1)
    assert float(angle.abs().max()) <= MAX_ROTATION + 0.01
    assert float(angle.min()) < -0.9 * MAX_ROTATION
    assert float(angle.max()) > 0.9 * MAX_ROTATION


def test_a_rotation_gives_float_in_the_same_units() -> None:
    flat = torch.full((8, 1, 16, 16), 200, dtype=torch.uint8)
    rotated = rotate(flat, generator())
    assert rotated.dtype == torch.float32
    assert rotated[:, :, 5:11, 5:11] == pytest.approx(torch.full((8, 1, 6, 6), 200.0), abs=1e-3)
    assert float(rotated.min()) >= 0


def test_several_are_applied_one_after_the_other_and_none_is_none() -> None:
    batch, one, two = images(), generator(5), generator(5)
    assert torch.equal(augment(batch, [AUGMENTATIONS["crop"], AUGMENTATIONS["flip"]], one), flip(crop(batch, two), two))
    assert augment(batch, [], generator()) is batch


def test_the_sets_that_need_no_download_name_augmentations_that_there_are() -> None:
    for name in ("digits", "breast_cancer"):
        assert set(catalog.load("datasets", name).load(None).spec.augment) <= set(AUGMENTATIONS)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_cutout_hides_one_square_behind_the_mean(share: float, dtype: torch.dtype) -> None:
    batch = torch.randint(0, 255, (200, 3, 20, 30), generator=generator(1)).to(dtype)
    hidden = cutout(batch, generator(), share=share)
    assert hidden.dtype == dtype
    side = round(share * 20)
    changed = (hidden != batch).any(dim=1)
    sizes = changed.flatten(1).sum(1)
    assert sizes.max() <= side * side
    assert (sizes == side * side).any(), "some lie wholly inside"
    if share == 0.5:
        assert changed.any(dim=0).all(), "it may be anywhere"
    for image, was, where in zip(hidden, batch, changed, strict=True):
        rows, columns = where.any(1).nonzero(), where.any(0).nonzero()
        assert rows.max() - rows.min() < side
        assert columns.max() - columns.min() < side
        mean = was.float().mean(dim=(1, 2)).to(dtype)
        assert torch.equal(image[:, where], mean[:, None].expand(-1, int(where.sum())))


def test_cutout_is_off_at_0() -> None:
    assert chosen(["flip"], hidden=0.0) == (AUGMENTATIONS["flip"],)
    [hide] = chosen([], hidden=0.5)
    assert not torch.equal(hide(images(), generator()), images())


def test_word_dropout_takes_a_share_of_the_words_for_unknown_ones_and_leaves_the_padding() -> None:
    tokens = torch.randint(2, 500, (300, 40), generator=generator(1))
    tokens[:, 30:] = PADDING
    [drop] = chosen([], unread=0.3)
    dropped = drop(tokens, generator())
    changed = dropped != tokens
    assert (dropped[changed] == UNKNOWN).all()
    assert not changed[:, 30:].any()
    assert 0.28 < float(changed[:, :30].float().mean()) < 0.32
    assert len(torch.unique(changed, dim=0)) == 300, "each text loses other words"
    assert not chosen([], unread=0.0)
