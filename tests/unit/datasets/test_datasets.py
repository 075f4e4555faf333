"""Every dataset of the catalog keeps the agreement on datasets.

The sets that are downloaded are tested on small files of the true format, and for real where TUNER_DATA names them.
"""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from support.dataset_files import listing, load, parts, write_small

from tuner.core import catalog
from tuner.data.augmentation import AUGMENTATIONS
from tuner.data.spec import DataSpec, moments

DTYPES = {"image": torch.uint8, "tabular": torch.float64, "text": torch.int16}


@pytest.fixture(params=catalog.names("datasets"))
def name(request: pytest.FixtureRequest) -> str:
    dataset: str = request.param
    return dataset


@pytest.fixture
def root(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small copy of the dataset `name`."""
    return write_small(name, tmp_path, monkeypatch)


class TestEveryDataset:
    def test_describes_itself(self, name: str, root: Path) -> None:
        spec = load(name, root).spec
        assert spec.name == name
        assert len(set(spec.classes)) == len(spec.classes) >= 2
        assert len(spec.mean) == len(spec.std) == (0 if spec.task == "text" else spec.shape[0])
        assert set(spec.augment) <= set(AUGMENTATIONS)
        assert spec.task == "image" or not spec.augment
        assert bool(spec.vocabulary) == (spec.task == "text")
        assert pickle.loads(pickle.dumps(spec)) == spec
        assert DataSpec.from_json(json.loads(json.dumps(asdict(spec)))) == spec

    def test_has_splits_of_the_promised_types_and_shapes(self, name: str, root: Path) -> None:
        splits = load(name, root)
        for inputs, targets in parts(splits):
            assert inputs.dtype == DTYPES[splits.spec.task]
            assert inputs.shape == (len(targets), *splits.spec.shape)
            assert targets.dtype == torch.int64
            assert set(targets.tolist()) == set(range(len(splits.spec.classes)))

    def test_gives_tensors_that_own_their_memory(self, name: str, root: Path) -> None:
        for tensor in (tensor for _ in range(2) for part in parts(load(name, root)) for tensor in part):  # cached, too
            assert tensor.is_contiguous()
            assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
            assert tensor.numpy().flags.writeable

    def test_has_no_sample_in_two_splits(self, name: str, root: Path) -> None:
        train, validation, test = (
            {inputs.numpy().tobytes() for inputs in part.inputs} for part in parts(load(name, root))
        )
        assert not train & validation
        assert not train & test
        assert not validation & test

    def test_has_stratified_splits(self, name: str, root: Path) -> None:
        train, validation, _ = (torch.bincount(part.targets) for part in parts(load(name, root)))
        share = validation.sum() / (train.sum() + validation.sum())
        assert 0.05 <= share <= 0.3
        assert ((validation - share * (train + validation)).abs() <= 1).all()

    def test_has_the_moments_of_its_training_split(self, name: str, root: Path) -> None:
        splits = load(name, root)
        expected = ((), ()) if splits.spec.task == "text" else moments(splits.train.inputs)
        assert (splits.spec.mean, splits.spec.std) == expected

    def test_is_the_same_every_time_and_leaves_the_folder_alone(self, name: str, root: Path) -> None:
        before = listing(root)
        first, second = load(name, root), load(name, root)
        assert first.spec == second.spec
        for one, other in zip(parts(first), parts(second), strict=True):
            assert torch.equal(one.inputs, other.inputs)
            assert torch.equal(one.targets, other.targets)
        assert listing(root) == before


def test_digits_keep_their_raw_units_and_are_never_flipped(tmp_path: Path) -> None:
    splits = load("digits", tmp_path)
    assert sum(len(part.targets) for part in parts(splits)) == 1797
    assert len(splits.test.targets) == pytest.approx(0.2 * 1797, abs=5)
    assert set(splits.train.inputs.flatten().tolist()) == set(range(17))
    assert splits.spec.white == int(splits.train.inputs.max())
    assert "flip" not in splits.spec.augment


def test_breast_cancer_calls_its_malignant_minority_by_name(tmp_path: Path) -> None:
    splits = load("breast_cancer", tmp_path)
    targets = torch.cat([part.targets for part in parts(splits)])
    assert splits.spec.classes == ("malignant", "benign")
    assert len(splits.spec.columns) == 30
    assert splits.spec.columns[0].name == "mean radius"
    assert torch.bincount(targets).tolist() == [212, 357]  # as its documentation says


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "shape", "official"),
    [
        ("mnist", (1, 28, 28), (60_000, 10_000)),
        ("fashion_mnist", (1, 28, 28), (60_000, 10_000)),
        ("cifar10", (3, 32, 32), (50_000, 10_000)),
    ],
)
def test_the_real_set_has_its_official_size(name: str, shape: tuple[int, ...], official: tuple[int, int]) -> None:
    if "TUNER_DATA" not in os.environ:
        pytest.skip("TUNER_DATA names no folder with the real sets")
    splits = load(name, Path(os.environ["TUNER_DATA"]))
    assert splits.spec.shape == shape
    assert len(splits.train.targets) + len(splits.validation.targets) == official[0]
    assert len(splits.validation.targets) == pytest.approx(official[0] / 10, abs=10)
    assert len(splits.test.targets) == official[1]
    assert torch.bincount(splits.test.targets, minlength=10).min() > 800
    assert 20 < splits.spec.mean[0] < 200
