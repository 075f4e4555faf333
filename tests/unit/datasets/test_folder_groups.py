"""Folders of images whose names tell which belong together, and a test folder of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tuner.core import catalog
from tuner.core.errors import TunerError


@pytest.fixture
def patients(tmp_path: Path, caches: Path) -> Path:
    for number in range(60):
        place = tmp_path / "scans" / "ab"[number % 2] / f"ward{number % 3}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.full((8, 8), number, dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"patient{number // 4}_{number}.png")
    return tmp_path / "scans"


@pytest.mark.parametrize(("by", "step", "count"), [(r"(patient\d+)", 4, 15), ("subfolder", 3, 3), (r"ward\d", 3, 3)])
def test_no_group_is_on_two_sides(patients: Path, by: str, step: int, count: int) -> None:
    splits = catalog.read_format("folder", patients, None, group=by)
    assert sum(part.groups for part in splits.record.parts.values()) == count
    sides = []
    for split in (splits.train, splits.validation, splits.test):
        numbers = [int(image[0, 0, 0]) for image in split.inputs]
        sides.append({number // step if step == 4 else number % step for number in numbers})
    assert sum(map(len, sides)) == len(set.union(*sides)) == count
    again = catalog.read_format("folder", patients, None, group=by)  # from the cache
    assert (again.record, again.groups.tolist()) == (splits.record, splits.groups.tolist())


def test_what_fits_no_file_is_refused(patients: Path) -> None:
    why = r"--group 'person\(\.\)': 60 of 60 files have no such part in their path, such as ward0"
    with pytest.raises(TunerError, match=why):
        catalog.read_format("folder", patients, None, group="person(.)")


def test_files_without_a_group_are_left_out_and_told(patients: Path) -> None:
    (patients / "a" / "ward0" / "patient0_0.png").rename(patients / "a" / "ward0" / "unknown.png")
    splits = catalog.read_format("folder", patients, None, group=r"(patient\d+)")
    assert "1 file without a group skipped, such as ward0/unknown.png" in splits.notes


def test_a_test_folder_of_its_own(patients: Path, tmp_path: Path) -> None:
    for number in range(8):
        place = tmp_path / "later" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 100 + number, dtype=np.uint8)).save(place / f"{100 + number}.png")
    options = {"test": str(tmp_path / "later"), "group": r"(\d+)\.png"}
    splits = catalog.read_format("folder", patients, None, **options)
    assert sorted(int(image[0, 0, 0]) for image in splits.test.inputs) == list(range(100, 108))
    assert len(splits.train.targets) + len(splits.validation.targets) == 60
    (tmp_path / "later" / "c").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "later" / "c" / "1.png")
    with pytest.raises(TunerError, match="the class c is in test, but not in train"):
        catalog.read_format("folder", patients, None, **options)
