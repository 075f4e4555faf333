"""Pretrained networks under a new head: which layers are trained, how fast, and what stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.model_inputs import make_spec, settle
from support.optimizers import optimizer_of
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.training.classifier import build_classifier
from tuner.training.hyperparameters import Hyperparameters

MODELS = ["vgg16", "mobilenet_v2", "efficientnet_lite0"]
BLOCKS = {"vgg16": 5, "mobilenet_v2": 17, "efficientnet_lite0": 16}
LAST = {"vgg16": 24, "mobilenet_v2": 17, "efficientnet_lite0": 16}  # where the last block begins
COLOUR = make_spec("image", (3, 32, 32))


def build(name: str, data: DataSpec = COLOUR, **arguments: Any) -> Any:
    torch.manual_seed(0)
    return catalog.load("models", name).build(data, **arguments)


def trained(model: nn.Module) -> set[str]:
    """The top-level layers of the network, such as features.17, that are trained."""
    return {".".join(name.split(".")[:2]) for name, p in model.named_parameters() if p.requires_grad}


def step(model: nn.Module) -> None:
    optimizer = optimizer_of(model, Hyperparameters(lr=0.1))
    model.train()
    logits = model(torch.randn(4, 3, 32, 32))
    torch.autograd.backward(cross_entropy(logits, torch.tensor([0, 1, 2, 0])))
    optimizer.step()


def state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "published"), [("vgg16", 14_714_688), ("mobilenet_v2", 2_223_872), ("efficientnet_lite0", 3_371_008)]
)
def test_the_features_have_the_published_number_of_parameters(name: str, published: int) -> None:
    model = build(name)
    assert sum(parameter.numel() for parameter in model.features.parameters()) == published
    assert sum(layer.out_features for layer in model.head if isinstance(layer, nn.Linear)) == 256 + 3


@pytest.mark.parametrize("name", MODELS)
class TestEveryPretrainedModel:
    def test_feature_extraction_moves_the_head_alone(self, name: str) -> None:
        model = build(name)
        before = state(model)
        step(model)
        moved = {key for key, tensor in model.state_dict().items() if not torch.equal(tensor, before[key])}
        assert moved == {"head.0.weight", "head.0.bias", "head.3.weight", "head.3.bias"}

    def test_fine_tuning_moves_the_last_blocks_too_and_no_statistics_of_frozen_ones(self, name: str) -> None:
        model = build(name, train="fine_tuning", thaw=1)
        before = state(model)
        step(model)
        moved = {key for key, tensor in model.state_dict().items() if not torch.equal(tensor, before[key])}
        assert {".".join(key.split(".")[:2]) for key in moved} == trained(model)
        assert {int(key.split(".")[1]) for key in moved if key.startswith("features")} <= set(range(LAST[name], 31))

    def test_every_block_can_be_thawed(self, name: str) -> None:
        counts = [len(trained(build(name, train="fine_tuning", thaw=thaw))) for thaw in range(BLOCKS[name] + 1)]
        assert sorted(set(counts)) == counts  # each block adds some
        everything = build(name, train="fine_tuning", thaw=BLOCKS[name])
        assert all(parameter.requires_grad for parameter in everything.parameters())

    def test_thawed_layers_learn_more_slowly(self, name: str) -> None:
        model = build(name, train="fine_tuning", thaw=2, thawed_lr=0.25)
        for key, parameter in model.named_parameters():
            assert getattr(parameter, "lr_scale", 1.0) == (0.25 if trained_feature(key, parameter) else 1.0)
        groups = optimizer_of(model, Hyperparameters()).param_groups
        assert {group["lr_scale"] for group in groups} == {0.25, 1.0}

    def test_without_pretraining_all_is_trained_alike(self, name: str) -> None:
        model = build(name, pretrained=False, train="feature_extraction")
        assert all(parameter.requires_grad for parameter in model.parameters())
        assert not [parameter for parameter in model.parameters() if hasattr(parameter, "lr_scale")]
        assert all(module.training for module in model.train().modules())

    def test_frozen_blocks_stay_in_evaluation_mode(self, name: str) -> None:
        model = build(name, train="fine_tuning", thaw=1).train()
        for module in model.features.modules():
            parameters = list(module.parameters())
            if parameters and module is not model.features:
                assert module.training == parameters[0].requires_grad
        assert model.head.training
        assert not any(module.training for module in model.eval().modules())

    def test_starts_with_outputs_of_a_reasonable_size(self, name: str) -> None:
        """Random weights too: what goes through 13 to 53 layers neither vanishes nor explodes."""
        model = build(name, pretrained=False).train()
        images = torch.randn(8, 3, 64, 64)
        with torch.no_grad():
            assert 0.05 < model.features(images).std() < 20
            assert model(images).abs().max() < 5

    @torch.inference_mode()
    def test_takes_grey_images_through_the_normalisation_of_the_weights(self, name: str) -> None:
        grey = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
        torch.manual_seed(0)
        model = build_classifier(make_spec("image", (1, 32, 32)), name, {}).eval()
        settle(model, grey)
        assert torch.pdist(model(grey)) > 1e-4
        assert torch.equal(model(grey), model(grey.expand(-1, 3, -1, -1)))
        mean, std = catalog.load("models", name).NORMALISATION
        assert model.prepare(grey)[:, 1].allclose((grey[:, 0].float() - mean[1]) / std[1])
        imagenet = [0.485, 0.456, 0.406, 0.229, 0.224, 0.225]
        wanted = [0.498] * 3 + [0.502] * 3 if name == "efficientnet_lite0" else imagenet
        assert [round(value / 255, 3) for value in (*mean, *std)] == wanted

    def test_refuses_images_of_other_channels(self, name: str) -> None:
        with pytest.raises(TunerError, match=rf"^{name}: made-up has images of 4 channels: choose data with 1 or 3$"):
            build(name, make_spec("image", (4, 32, 32)))

    def test_refuses_a_way_of_training_and_a_block_that_are_not_there(self, name: str) -> None:
        ways = rf"^{name}: train is 'all': choose one of feature_extraction, fine_tuning$"
        with pytest.raises(TunerError, match=ways):
            build(name, train="all")
        last = BLOCKS[name]
        with pytest.raises(TunerError, match=rf"^{name}: thaw is {last + 1}: choose an integer from 0 to {last}$"):
            build(name, thaw=last + 1)


def trained_feature(key: str, parameter: nn.Parameter) -> bool:
    return key.startswith("features.") and parameter.requires_grad
