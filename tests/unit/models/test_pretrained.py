"""Weights that others have trained: read from files that these tests write, and downloaded from a server of theirs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from support.common import free_port
from support.model_inputs import make_spec, settle
from torch import Tensor, nn
from torchvision import models

from tuner.core import catalog
from tuner.core.errors import TunerError

MODELS = ["vgg16", "mobilenet_v2"]
FIRST = {"vgg16": "features.0.weight", "mobilenet_v2": "features.0.0.weight"}
SOURCES = {
    "vgg16": models.VGG16_Weights.IMAGENET1K_V1,
    "mobilenet_v2": models.MobileNet_V2_Weights.IMAGENET1K_V1,
}


def torchvision_network(name: str) -> Any:
    """As torchvision builds it, with random weights, but for vgg16's head, which would take 500 MB."""
    if name == "mobilenet_v2":
        return models.mobilenet_v2()
    network = nn.Module()
    network.features = models.vgg.make_layers(models.vgg.cfgs["D"])
    network.classifier = nn.Linear(4, 4)
    return network


@pytest.fixture(scope="module")
def networks() -> dict[str, Any]:
    torch.manual_seed(1)
    networks = {name: torchvision_network(name) for name in MODELS}
    for network in networks.values():
        settle(network.features, torch.randn(8, 3, 32, 32))
    return networks


@pytest.fixture(scope="module")
def files(networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weight files as torchvision's users have them: state dicts of whole networks."""
    folder = tmp_path_factory.mktemp("weight files")
    for name, network in networks.items():
        torch.save(network.state_dict(), folder / f"{name}.pth")
    return {name: folder / f"{name}.pth" for name in networks}


def read(name: str, file: Path | None, folder: Path = Path("nowhere")) -> dict[str, Tensor]:
    state: dict[str, Tensor] = catalog.load("models", name).pretrained(file, folder)
    return state


def refusal(name: str, file: Path | None, folder: Path = Path("nowhere")) -> str:
    with pytest.raises(TunerError) as error:
        read(name, file, folder)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", MODELS)
class TestAFile:
    @torch.inference_mode()
    def test_gives_the_features_of_torchvisions_network(
        self, name: str, networks: dict[str, Any], files: dict[str, Path]
    ) -> None:
        model: Any = catalog.load("models", name).build(make_spec("image", (3, 32, 32))).eval()
        images = torch.randn(2, 3, 32, 32)
        expected = networks[name].features(images)
        assert not torch.allclose(model.features(images), expected)
        assert expected.std() > 1e-3
        head = {key: tensor.clone() for key, tensor in model.head.state_dict().items()}
        unfitting = model.load_state_dict(read(name, files[name]), strict=False)
        assert unfitting.unexpected_keys == []
        assert set(unfitting.missing_keys) == {f"head.{key}" for key in head}
        assert torch.equal(model.features(images), expected)
        assert all(torch.equal(tensor, head[key]) for key, tensor in model.head.state_dict().items())

    def test_may_be_safetensors_or_in_half_precision(self, name: str, networks: dict[str, Any], tmp_path: Path) -> None:
        state = networks[name].state_dict()
        safetensors.torch.save_file(state, tmp_path / "it.safetensors")
        found = read(name, tmp_path / "it.safetensors")
        assert torch.equal(found[FIRST[name]], state[FIRST[name]])
        torch.save({key: tensor.half() for key, tensor in state.items()}, tmp_path / "half.pth")
        half = read(name, tmp_path / "half.pth")
        assert {key: tensor.dtype for key, tensor in half.items()} == {k: t.dtype for k, t in found.items()}

    def test_that_is_cut_off_is_refused(self, name: str, files: dict[str, Path], tmp_path: Path) -> None:
        for ending in ("pth", "safetensors"):
            file = tmp_path / f"cut.{ending}"
            for size in (0, 1000, 2_000_000):
                file.write_bytes(files[name].read_bytes()[:size])
                assert refusal(name, file).startswith(f"cannot use the weights {file}: it is broken")

    def test_of_another_network_is_refused(self, name: str, files: dict[str, Path]) -> None:
        other = files[MODELS[1 - MODELS.index(name)]]
        message = refusal(name, other)
        assert message == f"cannot use the weights {other}: it holds no weights of {name}: {FIRST[name]} is missing"

    def test_of_another_shape_is_refused(self, name: str, networks: dict[str, Any], tmp_path: Path) -> None:
        state = networks[name].state_dict()
        shape = tuple(state[FIRST[name]].shape)
        torch.save({**state, FIRST[name]: torch.zeros(2, 2)}, tmp_path / "it.pth")
        assert refusal(name, tmp_path / "it.pth").endswith(
            f"it holds no weights of {name}: {FIRST[name]} has the shape (2, 2) instead of {shape}"
        )

    def test_of_the_old_format_is_read(self, name: str, networks: dict[str, Any], tmp_path: Path) -> None:
        """Torchvision's own files of these two networks are in it."""
        state = networks[name].state_dict()
        torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
        assert torch.equal(read(name, tmp_path / "old.pth")[FIRST[name]], state[FIRST[name]])


class Bomb:
    def __reduce__(self) -> Any:
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("old", [False, True])
def test_code_in_a_file_is_not_run(old: bool, tmp_path: Path) -> None:
    torch.save({"features.0.weight": Bomb()}, tmp_path / "bomb.pth", _use_new_zipfile_serialization=not old)
    assert "holds more than tensors: that might be code, and is not run" in refusal("vgg16", tmp_path / "bomb.pth")
    assert not Path("exploded").exists()  # in the working folder, which is the test's own


def test_what_is_no_state_dict_is_refused(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "it.pth")
    assert refusal("vgg16", tmp_path / "it.pth").endswith("it.pth: it holds a Tensor instead of a state dict")
    torch.save({"state_dict": {}}, tmp_path / "it.pth")
    assert refusal("vgg16", tmp_path / "it.pth").endswith("it holds no weights of vgg16: features.0.weight is missing")
    assert refusal("vgg16", tmp_path / "missing.pth").endswith("missing.pth: there is no such file")
    assert refusal("vgg16", tmp_path).endswith(": there is no such file")


@pytest.fixture
def server(tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serves the weights of mobilenet_v2 under a name that holds their hash, as torchvision does; its folder."""
    content = files["mobilenet_v2"].read_bytes()
    name = f"mobilenet_v2-{sha256(content).hexdigest()[:8]}.pth"
    served = tmp_path / "served"
    served.mkdir()
    (served / name).write_bytes(content)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=served)) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{httpd.server_port}/{name}"
        monkeypatch.setattr(SOURCES["mobilenet_v2"].value, "url", url)
        yield served / name
        httpd.shutdown()


class TestADownload:
    def test_is_made_once_and_shown_on_stderr(
        self, server: Path, networks: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        folder = tmp_path / "deep" / "weights"
        state = read("mobilenet_v2", None, folder)
        assert torch.equal(state[FIRST["mobilenet_v2"]], networks["mobilenet_v2"].state_dict()[FIRST["mobilenet_v2"]])
        assert [path.name for path in folder.iterdir()] == [server.name]
        out, err = capfd.readouterr()
        assert out == ""
        assert server.name in err
        server.unlink()
        assert read("mobilenet_v2", None, folder).keys() == state.keys()

    def test_of_other_content_is_refused_and_not_kept(self, server: Path, tmp_path: Path) -> None:
        server.write_bytes(server.read_bytes()[:-1] + b"?")
        message = refusal("mobilenet_v2", None, tmp_path / "weights")
        assert "could not be downloaded (invalid hash value" in message
        assert not list((tmp_path / "weights").iterdir())

    @pytest.mark.parametrize("name", MODELS)
    def test_that_fails_says_which_file_is_wanted_and_where(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        published = SOURCES[name].url.rsplit("/", 1)[-1]
        url = f"http://127.0.0.1:{free_port()}/models/{published}"
        monkeypatch.setattr(SOURCES[name].value, "url", url)
        message = refusal(name, None, tmp_path / "weights")
        assert message.startswith(
            f"{name}: the pretrained weights are not in {tmp_path / 'weights'} and could not be downloaded ("
        )
        assert "refused" in message
        assert message.endswith(f"): put {url} there as {published}, or use --weights FILE, or --set pretrained=false")

    def test_that_cannot_be_written_is_refused(self, server: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert "could not be downloaded" in refusal("mobilenet_v2", None, tmp_path / "file" / "weights")

    def test_that_was_put_there_by_hand_and_is_broken_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / SOURCES["vgg16"].url.rsplit("/", 1)[-1]
        path.write_bytes(b"")
        assert refusal("vgg16", None, tmp_path).startswith(f"cannot use the weights {path}: it is broken")
