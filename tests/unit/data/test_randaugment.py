"""RandAugment: each operation against Pillow's, which the paper used, and how operations are drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torch import Tensor

from tuner.data import randaugment as module
from tuner.data.randaugment import BYTES, Operation, levels_of, operations, randaugment

Pillow = Callable[[Image.Image], Image.Image]
STRENGTH = 0.5
REFERENCES: dict[str, Pillow] = {
    "brightness": lambda image: ImageEnhance.Brightness(image).enhance(1 + 0.9 * STRENGTH),
    "color": lambda image: ImageEnhance.Color(image).enhance(1 + 0.9 * STRENGTH),
    "posterize": lambda image: ImageOps.posterize(image, 6),
    "solarize": lambda image: ImageOps.solarize(image, 128),
    "autocontrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "translate_x": lambda image: image.transform(image.size, Image.Transform.AFFINE, (1, 0, -5, 0, 1, 0)),
    "translate_y": lambda image: image.transform(image.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -5)),
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int = 6, channels: int = 3, side: int = 24) -> Tensor:
    """Smooth ones, in which few pixels are next to a step."""
    rough = torch.rand((count, channels, 6, 6), generator=generator(7))
    smooth = torch.nn.functional.interpolate(rough, (side, side), mode="bicubic")
    return (40 + 150 * smooth).clamp(0, 255).to(torch.uint8)


def named(name: str, channels: int = 3) -> Operation:
    [found] = [each for each in operations(channels) if each.name == name]
    return found


def by_pillow(batch: Tensor, change: Pillow) -> Tensor:
    changed = [np.asarray(change(Image.fromarray(each.movedim(0, -1).numpy()))) for each in batch]
    return torch.from_numpy(np.stack(changed)).movedim(-1, 1)


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_an_operation_is_that_of_pillow(name: str) -> None:
    along = STRENGTH if not name.startswith("translate") else 5 / 24 * 331 / 150
    found = named(name).change(images(), along).float()
    expected = by_pillow(images(), REFERENCES[name]).float()
    assert (found - expected).abs().mean() < 1  # of 255: roundings differ
    assert (expected - images().float()).abs().mean() > 1


def test_contrast_and_sharpness_go_away_from_grey_and_from_a_smoother_image() -> None:
    batch = images()
    grey = (
        by_pillow(batch, lambda image: ImageOps.grayscale(image).convert("RGB")).float().mean((1, 2, 3), keepdim=True)
    )
    expected = {
        "contrast": grey + 1.45 * (batch - grey),
        "sharpness": torch.lerp(by_pillow(batch, lambda i: i.filter(ImageFilter.SMOOTH)).float(), batch.float(), 1.45),
    }
    for name, pixels in expected.items():
        found = named(name).change(batch, STRENGTH).float()
        assert (found - pixels.clamp(0, 255)).abs().mean() < 1, name
        back = named(name).change(batch, -STRENGTH).float()
        assert ((found - batch) * (back - batch)).mean() < 0, f"{name} goes either way"


def test_turning_and_shearing_move_a_point_as_far_as_they_say() -> None:
    side, radius = 65, 20
    dot = torch.zeros(1, 1, side, side, dtype=torch.uint8)
    dot[0, 0, side // 2 - 1 : side // 2 + 2, side // 2 + radius - 1 : side // 2 + radius + 2] = (
        200  # right of the centre
    )
    axis = torch.arange(side) - side // 2

    def place(moved: Tensor) -> tuple[float, float]:
        mass = moved[0, 0].float()
        return float((mass * axis).sum() / mass.sum()), float((mass * axis[:, None]).sum() / mass.sum())

    x, y = place(named("rotate").change(dot, 1.0))
    assert abs(np.degrees(np.arctan2(y, x))) == pytest.approx(30, abs=1)
    x, y = place(named("shear_y").change(dot, 1.0))
    assert [x, abs(y)] == pytest.approx([radius, 0.3 * radius], abs=0.3)
    x, y = place(named("shear_x").change(dot.transpose(2, 3), 1.0))
    assert [abs(x), y] == pytest.approx([0.3 * radius, radius], abs=0.3)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_every_operation_keeps_shape_kind_and_its_input(channels: int) -> None:
    known = operations(channels)
    assert len(known) == (9 if channels == 2 else 14)
    for side in (2, 8, 33):
        batch = images(4, channels, side)
        before = batch.clone()
        for operation in known:
            changed = operation.change(batch, 0.7)
            assert (changed.shape, changed.dtype) == (batch.shape, torch.uint8), operation.name
            assert torch.equal(batch, before), operation.name


def test_at_magnitude_0_only_what_has_no_strength_changes_anything() -> None:
    changed = {each.name for each in operations(3) if (each.change(images(), 0.0).int() - images()).abs().max() > 1}
    assert changed == {"autocontrast", "equalize"}


def test_it_depends_on_its_generator_alone_and_leaves_its_input() -> None:
    batch = images(32)
    before = batch.clone()
    torch.manual_seed(1)
    first = randaugment(batch, generator(3), magnitude=0.3)
    torch.manual_seed(2)
    assert torch.equal(first, randaugment(batch, generator(3), magnitude=0.3))
    assert not torch.equal(first, randaugment(batch, generator(4), magnitude=0.3))
    assert torch.equal(batch, before)


def test_the_same_image_becomes_many() -> None:
    same = images(1).expand(64, -1, -1, -1)
    assert len(torch.unique(randaugment(same, generator(), magnitude=0.3), dim=0)) > 32


def test_a_greater_magnitude_changes_more() -> None:
    batch = images(200)
    gaps = [
        float((randaugment(batch, generator(), magnitude=each).float() - batch).abs().mean())
        for each in (0.1, 0.4, 1.0)
    ]
    assert gaps == sorted(gaps)


def test_each_image_gets_two_operations_all_alike_probable_half_of_them_backwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: Counter[tuple[str, float]] = Counter()

    def recorder(name: str, *, either_way: bool) -> Operation:
        def change(batch: Tensor, strength: float) -> Tensor:
            said[name, strength] += len(batch)
            return batch + 1

        return Operation(name, change, either_way)

    known = (recorder("a", either_way=True), recorder("b", either_way=True), recorder("c", either_way=False))
    monkeypatch.setattr(module, "operations", lambda _: known)
    changed = randaugment(torch.zeros(3000, 3, 2, 2, dtype=torch.uint8), generator(), magnitude=0.3)
    assert bool((changed == 2).all())
    assert set(said) == {("a", 0.3), ("a", -0.3), ("b", 0.3), ("b", -0.3), ("c", 0.3)}
    for (name, _), count in said.items():
        assert count == pytest.approx(2000 if name == "c" else 1000, rel=0.1)


@pytest.mark.parametrize(
    ("low", "high", "dtype"), [(0, 16, torch.uint8), (-1.5, 2.5, torch.float32), (0, 40000, torch.int32)]
)
def test_images_of_other_levels_are_changed_in_their_own(low: float, high: float, dtype: torch.dtype) -> None:
    """The handwritten digits go from 0 to 16; own data may hold anything."""
    batch = images(60, 1)
    own = (low + batch.float() * ((high - low) / 255)).to(dtype)
    changed = randaugment(own, generator(), magnitude=0.5, levels=(low, high))
    assert changed.dtype == dtype
    expected = low + randaugment(batch, generator(), magnitude=0.5).float() * ((high - low) / 255)
    assert (changed - expected).abs().mean() < 0.05 * (high - low)
    untouched = (changed.float() - own.float()).abs().flatten(1).max(1).values < (high - low) / 200
    assert 0 < int(untouched.sum()) < 30, "identity twice gives the image back"
    if dtype == torch.uint8:
        assert torch.equal(changed[untouched], own[untouched])


def test_levels_are_those_of_the_data() -> None:
    assert levels_of(torch.tensor([3, 255], dtype=torch.uint8)) == BYTES
    assert levels_of(torch.tensor([3, 16], dtype=torch.uint8)) == (0, 16)
    assert levels_of(torch.tensor([-1.5, 2.5])) == (-1.5, 2.5)
    low, high = levels_of(torch.zeros(4))
    assert low < high
