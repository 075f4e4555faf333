"""Networks of torchvision and timm by name: what is there for one of them is there for all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.common import free_port
from support.model_inputs import make_spec
from torch.nn.functional import cross_entropy

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.search.space_defaults import default_space
from tuner.search.space_file import parse_space
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.saved_model import load_model, save_model

FIVE = [
    *("torchvision:resnet18", "torchvision:squeezenet1_1", "torchvision:mobilenet_v3_small"),
    *("timm:vit_tiny_patch16_224", "timm:convnext_atto"),
]
FIFTEEN_MORE = [
    *("torchvision:alexnet", "torchvision:vgg11", "torchvision:densenet121", "torchvision:googlenet"),
    *("torchvision:inception_v3", "torchvision:shufflenet_v2_x0_5", "torchvision:mnasnet0_5"),
    *("torchvision:regnet_y_400mf", "torchvision:efficientnet_b0", "torchvision:convnext_tiny"),
    *("torchvision:vit_b_32", "torchvision:swin_t", "timm:deit_tiny_distilled_patch16_224"),
    *("timm:mixer_s32_224", "timm:tf_efficientnet_lite0"),
]
COLOUR, GREY = make_spec("image", (3, 32, 32)), make_spec("image", (1, 28, 28))
TARGETS = torch.tensor([0, 1])


def build(name: str, data: DataSpec = COLOUR, **arguments: Any) -> Classifier:
    torch.manual_seed(0)
    return build_classifier(data, name, arguments)


def images(data: DataSpec = COLOUR) -> torch.Tensor:
    return torch.randint(0, 256, (2, *data.shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def trained(model: torch.nn.Module) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def step(model: Classifier, data: DataSpec) -> set[str]:
    """Trains one step; the names of what it has moved."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    moving = [parameter for parameter in model.parameters() if parameter.requires_grad]
    logits = model.train()(images(data))
    assert logits.shape == (2, len(data.classes))
    torch.autograd.backward(cross_entropy(logits, TARGETS))
    torch.nn.utils.clip_grad_norm_(moving, 1.0)
    torch.optim.SGD(moving, lr=0.001).step()
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


def check(name: str, folder: Path) -> None:
    """Trains a step in each way, on colour and grey images, saves, loads and predicts; and reads its default space."""
    frozen = build(name, GREY)
    heads = tuple(key for key, layer in frozen.named_modules() for head in frozen.network._heads if layer is head)  # type: ignore[union-attr]
    moved = step(frozen, GREY)
    assert moved
    assert all(key.startswith(heads) for key in moved | trained(frozen))
    thawed = build(name, train="fine_tuning", thawed_lr=0.5)
    scales = {getattr(each, "lr_scale", 1.0) for key, each in thawed.named_parameters() if not key.startswith(heads)}
    assert scales == {0.5}
    assert trained(thawed) == {key for key, _ in thawed.named_parameters()}
    scratch = build(name, pretrained=False)
    step(scratch, COLOUR)
    scratch.eval()
    if frozen.network.extracts_once:
        network: Any = frozen.eval().network
        features = network.extract(frozen.prepare(images(GREY)))
        assert torch.allclose(network.head(features), frozen(images(GREY)), atol=1e-5)
    save_model(folder / "m", COLOUR, name, {"pretrained": False}, scratch.state_dict())
    again, _ = load_model(folder / "m")
    with torch.inference_mode():
        assert torch.allclose(again(images()), scratch(images()), atol=1e-6)
    space = parse_space(default_space(name, "image"), "x")
    assert {"train", "lr", "dropout", "thawed_lr"} <= {parameter.name for parameter in space.parameters}


@pytest.mark.parametrize("name", FIVE)
def test_it_trains_in_each_way_and_is_saved_and_loaded(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize("name", FIFTEEN_MORE)
def test_so_do_fifteen_more(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


class TestSizes:
    def test_small_images_are_enlarged_for_pretrained_weights_and_less_without(self) -> None:
        assert build("torchvision:resnet18").network.resolution == 160
        assert build("torchvision:resnet18", pretrained=False).network.resolution == 64
        assert build("torchvision:resnet18", resolution=96).network.resolution == 96

    def test_a_network_for_one_size_gets_all_images_in_it(self) -> None:
        data = make_spec("image", (3, 300, 260))
        network: Any = build("timm:vit_tiny_patch16_224", data).network
        assert network._sized(torch.rand(1, 3, 300, 260)).shape == (1, 3, 224, 224)
        assert build("timm:vit_tiny_patch16_224", data, pretrained=False, resolution=64)(images(data)).shape == (2, 3)

    def test_its_weights_are_refused_for_another_size(self) -> None:
        with pytest.raises(TunerError) as error:
            build("timm:vit_tiny_patch16_224", resolution=96)
        assert str(error.value) == (
            "timm:vit_tiny_patch16_224: resolution is 96: the pretrained weights are for images of 224 pixels: leave "
            "it out, or use --set pretrained=false"
        )

    def test_a_size_that_the_library_refuses_is_told_in_one_line(self) -> None:
        with pytest.raises(TunerError, match=r"^torchvision:vit_b_32: the library refuses image_size=100: "):
            build("torchvision:vit_b_32", pretrained=False, resolution=100)


def weights(name: str, folder: Path, change: Any = None) -> Path:
    """A file of weights as the library's users have them, of all 1,000 classes."""
    library, _, own = name.partition(":")
    torch.manual_seed(3)
    if library == "timm":
        import timm

        network = timm.create_model(own)
    else:
        from torchvision import models

        network = models.get_model(own)
    state = network.state_dict()
    if change:
        change(state)
    torch.save(state, folder / "it.pth")
    return folder / "it.pth"


class TestWeights:
    @pytest.mark.parametrize("name", ["torchvision:resnet18", "timm:convnext_atto"])
    def test_of_a_file_are_in_all_but_the_last_layer(self, name: str, tmp_path: Path) -> None:
        state = torch.load(weights(name, tmp_path), weights_only=True)
        model = build(name)
        found = catalog.load("models", name).pretrained(tmp_path / "it.pth", tmp_path)
        loaded = model.network.load_state_dict(found, strict=False)
        assert loaded.unexpected_keys == []
        assert all(".1." in key for key in loaded.missing_keys)
        same = {key: torch.equal(state[key.removeprefix("network.")], value) for key, value in found.items()}
        assert len(same) > 30
        assert all(same.values())

    def test_for_colours_are_spread_over_other_channels(self, tmp_path: Path) -> None:
        """An image whose channels are all alike gives the same as with three of them."""
        weights("torchvision:resnet18", tmp_path)
        found = catalog.load("models", "torchvision:resnet18").pretrained(tmp_path / "it.pth", tmp_path)
        outputs = []
        for channels in (3, 5):
            model: Any = build("torchvision:resnet18", make_spec("image", (channels, 32, 32))).eval()
            model.network.load_state_dict(found, strict=False)
            grey = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1)).expand(-1, channels, -1, -1)
            outputs.append(model.network.extract(grey))
        assert outputs[0].std() > 0.01
        torch.testing.assert_close(*outputs, rtol=1e-3, atol=1e-4)

    def test_of_densenet_have_the_names_of_its_old_files(self, tmp_path: Path) -> None:
        def as_published(state: dict[str, Any]) -> None:
            import re

            for key in [key for key in state if "denselayer" in key]:
                state[re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)\.", r"\1.\2.", key)] = state.pop(key)

        file = weights("torchvision:densenet121", tmp_path, as_published)
        assert "features.denseblock1.denselayer1.norm.1.weight" in torch.load(file, weights_only=True)
        assert len(catalog.load("models", "torchvision:densenet121").pretrained(file, tmp_path)) > 500

    def test_of_another_network_are_refused(self, tmp_path: Path) -> None:
        file = weights("timm:convnext_atto", tmp_path)
        with pytest.raises(TunerError) as error:
            catalog.load("models", "torchvision:resnet18").pretrained(file, tmp_path)
        assert str(error.value) == (
            f"cannot use the weights {file}: it holds no weights of torchvision:resnet18: conv1.weight is missing"
        )

    def test_that_cannot_be_downloaded_say_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        model = catalog.load("models", "torchvision:resnet18")
        url = f"http://127.0.0.1:{free_port()}/resnet18-f37072fd.pth"
        monkeypatch.setattr(model.weights.value, "url", url)
        with pytest.raises(TunerError) as error:
            model.pretrained(None, tmp_path)
        assert str(error.value).startswith(
            f"torchvision:resnet18: the pretrained weights are not in {tmp_path} and could not be downloaded ("
        )
        assert str(error.value).endswith("or use --weights FILE, or --set pretrained=false")

    def test_of_timm_that_cannot_be_downloaded_say_so_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = catalog.load("models", "timm:convnext_atto")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        with pytest.raises(TunerError) as error:
            model.pretrained(None, tmp_path)
        assert "\n" not in str(error.value)
        assert str(error.value).startswith(f"timm:convnext_atto: the pretrained weights are not in {tmp_path / 'timm'}")
        assert str(error.value).endswith("use --weights FILE, or --set pretrained=false")

    def test_a_network_that_has_none_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        model = catalog.load("models", "timm:vit_tiny_patch16_224")
        monkeypatch.setattr(model, "settings", replace(model.settings, hf_hub_id=None, url=None, file=None))
        with pytest.raises(TunerError, match=r"timm has no weights of it: use --set pretrained=false$"):
            model.pretrained(None, tmp_path)


class TestNames:
    def test_a_misspelt_one_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(TunerError, match=r"^unknown model of torchvision 'resnet51': did you mean resnet50 "):
            catalog.load("models", "torchvision:resnet51")
        with pytest.raises(TunerError, match=r"^unknown model of timm 'vit_tini_patch16_224': did you mean vit_tiny_"):
            catalog.check("models", "timm:vit_tini_patch16_224")
        with pytest.raises(TunerError, match=r"^unknown weights of timm 'convnext_atto.d2': did you mean convnext_at"):
            catalog.check("models", "timm:convnext_atto.d2")

    def test_without_timm_one_line_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "timm", None)
        with pytest.raises(
            TunerError, match=r"^timm:NAME: timm is not installed: pip install timm \(tuner's extra 'timm'\)$"
        ):
            catalog.load("models", "timm:convnext_femto")

    def test_each_has_a_line_of_its_own(self) -> None:
        line = "resnet18 of torchvision, with weights from ImageNet, under a new last layer."
        assert catalog.summary("models", "torchvision:resnet18") == line
        assert catalog.defines("models", "torchvision:resnet18", "pretrained")
        assert not catalog.defines("models", "torchvision:resnet18", "note")

    def test_the_space_goes_with_the_kind_of_network(self) -> None:
        convolutional = default_space("torchvision:resnet18", "image")["params"]
        for name in ("torchvision:swin_t", "timm:vit_tiny_patch16_224"):
            transformer = default_space(name, "image")["params"]
            assert transformer["optimizer"] == {"choices": ["adamw"]}
            assert "momentum" not in transformer
        assert convolutional["optimizer"] == {"choices": ["sgd", "adamw"]}
