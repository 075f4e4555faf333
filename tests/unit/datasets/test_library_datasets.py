"""Datasets of torchvision and openml.org by name, in files of the true format and from a server like openml.org."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat
from support.common import free_port
from support.dataset_files import idx, noise, write_idx
from support.openml_server import ROWS, OpenML, serve
from torchvision import datasets

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.encoding import to_inputs
from tuner.data.source import Source
from tuner.data.spec import Splits


def load(name: str, root: Path, **more: Any) -> Splits:
    splits: Splits = catalog.load("datasets", name).load(root, **more)
    return splits


def write_svhn(root: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The two files of Matlab; (32, 32, 3, samples), with 10 for the digit 0. Returns the test images."""
    images = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 100), dtype=np.uint8)
    labels = (np.arange(100) % 10 + 1).astype(np.uint8)[:, None]
    parts = {}
    for part in ("train", "test"):
        file = root / f"{part}_32x32.mat"
        savemat(file, {"X": images, "y": labels})
        parts[part] = [f"http://127.0.0.1:{free_port()}/{file.name}", file.name, md5(file.read_bytes()).hexdigest()]
    monkeypatch.setattr(datasets.SVHN, "split_list", parts)
    return images


def test_svhn_has_the_digits_as_classes_and_its_channels_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = write_svhn(tmp_path, monkeypatch)
    splits = load("torchvision:SVHN", tmp_path)
    assert splits.spec.shape == (3, 32, 32)
    assert splits.spec.classes == tuple("0123456789")
    assert [len(split.targets) for split in (splits.train, splits.validation, splits.test)] == [80, 20, 100]
    assert splits.test.targets[:10].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert torch.equal(splits.test.inputs, torch.from_numpy(images).permute(3, 2, 0, 1))


def test_kmnist_is_read_as_mnist_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(datasets.KMNIST, tmp_path, monkeypatch)
    splits = load("torchvision:KMNIST", tmp_path)
    assert splits.spec.shape == (1, 28, 28)
    assert splits.spec.classes == ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    assert splits.test.inputs[7, 0, 0, :2].tolist() == [1007 // 256, 1007 % 256]
    assert splits.test.targets[:12].tolist() == [*range(10), 0, 1]


def test_a_class_without_samples_is_none(tmp_path: Path) -> None:
    """EMNIST's letters are numbered from 1, and torchvision has a class N/A for 0."""
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 104), ("test", 52)):
        labels = (np.arange(count) % 26 + 1).astype(np.uint8)
        images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        (raw / f"emnist-letters-{part}-images-idx3-ubyte").write_bytes(idx(images))
        (raw / f"emnist-letters-{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    splits = load("torchvision:EMNIST/letters", tmp_path)
    assert "".join(splits.spec.classes) == "abcdefghijklmnopqrstuvwxyz"
    assert splits.test.targets[:3].tolist() == [0, 1, 2]
    assert splits.spec.name == "torchvision_emnist_letters"


def test_photographs_of_many_sizes_are_scaled_and_kept_in_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path))
    folder = tmp_path / "oxford-iiit-pet"
    (folder / "annotations").mkdir(parents=True)
    for part in ("trainval", "test"):
        lines = []
        for number in range(20):
            breed = ("Birman", "beagle", "pug")[number % 3]
            noise(folder / "images" / f"{breed}_{part}_{number}.jpg", number, (60 + number, 45))
            lines.append(f"{breed}_{part}_{number} {number % 3 + 1} 1 1")
        (folder / "annotations" / f"{part}.txt").write_text("\n".join(lines) + "\n")
    splits = load("torchvision:OxfordIIITPet", tmp_path)
    assert splits.spec.shape == (3, 45, 45)
    assert len(splits.spec.classes) == 3
    assert len(splits.test.targets) == 20
    monkeypatch.setattr(Image.Image, "resize", None)  # what scaling needs
    again = load("torchvision:OxfordIIITPet", tmp_path)
    assert torch.equal(again.test.inputs, splits.test.inputs)


class TestNames:
    def test_of_a_pair_are_letters_digits_and_underlines(self) -> None:
        assert Source.parse("torchvision:SVHN", None).name == "torchvision_svhn"
        assert Source.parse("torchvision:EMNIST/letters", None).name == "torchvision_emnist_letters"
        assert Source.parse("openml:credit-g", None).name == "openml_credit_g"
        assert Source.parse("openml:credit-g", "purpose").name == "openml_credit_g_purpose"
        assert Source.parse("openml:31", None, "credit").name == "credit"

    def test_that_are_unknown_are_answered_with_the_nearest(self) -> None:
        with pytest.raises(TunerError, match=r"^unknown dataset of torchvision 'SVNH': did you mean SVHN\?$"):
            Source.parse("torchvision:SVNH", None)
        with pytest.raises(TunerError, match=r"^unknown dataset 'nowhere:iris': give a name .* openml:NAME$"):
            Source.parse("nowhere:iris", None)
        for text in ("openml:", "openml:credit-g/one", "openml:31/2"):
            with pytest.raises(TunerError, match=r"^openml:.*: .*write openml:"):
                Source.parse(text, None)

    def test_a_column_of_classes_is_refused_for_images(self, tmp_path: Path) -> None:
        with pytest.raises(TunerError, match=r"^--target x: torchvision:SVHN already has classes$"):
            load("torchvision:SVHN", tmp_path, target="x")


@pytest.mark.parametrize("name", ["SVHN", "KMNIST", "EMNIST/digits", "Flowers102", "CIFAR100"])
def test_what_cannot_be_downloaded_is_told_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise OSError("no network here")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(TunerError) as error:
        load(f"torchvision:{name}", tmp_path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"torchvision:{name} is not in {tmp_path} and could not be downloaded (")
    assert str(error.value).endswith("put its files there as torchvision does, or name another folder with TUNER_DATA")


@pytest.fixture
def openml(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenML]:
    with serve(monkeypatch) as server:
        yield server


class TestOpenML:
    def test_a_table_is_read_as_a_users_own_and_downloaded_once(self, openml: OpenML, tmp_path: Path) -> None:
        splits = load("openml:credit-g", tmp_path)
        assert splits.spec.classes == ("bad", "good")
        assert splits.spec.target == "class"
        assert [column.name for column in splits.spec.columns] == ["duration", "purpose"]
        assert sum(len(split.targets) for split in (splits.train, splits.validation, splits.test)) == ROWS
        asked = len(openml.asked)
        again = load("openml:credit-g", tmp_path)
        assert again.fingerprint() == splits.fingerprint()
        assert len(openml.asked) == asked
        row = to_inputs(splits.spec, [{"duration": "3", "purpose": "car"}])
        assert row[0, 0] == 3

    @pytest.mark.parametrize("name", ["credit-g/1", "31"])
    def test_a_version_and_an_id_name_it_too(self, openml: OpenML, tmp_path: Path, name: str) -> None:
        assert load(f"openml:{name}", tmp_path).spec.classes == ("bad", "good")

    def test_another_column_can_be_the_target(self, openml: OpenML, tmp_path: Path) -> None:
        splits = load("openml:credit-g", tmp_path, target="purpose")
        assert splits.spec.classes == ("car", "house")
        assert splits.spec.target == "purpose"

    def test_a_name_that_is_not_there_is_told(self, openml: OpenML, tmp_path: Path) -> None:
        with pytest.raises(TunerError) as error:
            load("openml:kredit", tmp_path)
        assert str(error.value).startswith(f"openml:kredit is not in {tmp_path / 'openml'} and could not be downloaded")
        assert str(error.value).endswith("(No active dataset kredit found)")

    def test_rows_of_another_sum_are_refused(self, openml: OpenML, tmp_path: Path) -> None:
        openml.content += b"1,car,good\n"
        with pytest.raises(TunerError, match="md5 checksum"):
            load("openml:credit-g", tmp_path)
        assert not list(tmp_path.rglob("*.csv"))
