"""Grad-CAM of transformers: the patches that speak for a class, and not those that do not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.model_inputs import make_spec
from torch import Tensor, nn

from tuner.report.explanation import grad_cam
from tuner.report.token_maps import is_transformer, token_cam
from tuner.training.classifier import Classifier, build_classifier

PATCH, SIDE = 8, 32  # pixels


class Block(nn.Module):
    """Every token gets the mean of all, as from attention that is the same everywhere; then the usual two norms."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(4), nn.LayerNorm(4)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.first(tokens).mean(1, keepdim=True)
        result: Tensor = tokens + 0.1 * self.second(tokens)
        return result


class Small(nn.Module):
    """A vision transformer with a class token: bright patches speak for class 0, dark ones for class 1."""

    extra: Tensor

    def __init__(self, tokens: int = 1) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 4, PATCH, PATCH)
        self.register_buffer("extra", torch.tensor([0.0, 0.0, 1.0, -1.0]).expand(1, tokens, 4))
        self.blocks = nn.Sequential(Block(), Block())
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 2)
        with torch.no_grad():
            self.patches.weight.fill_(1 / PATCH**2)
            self.patches.weight[1:] *= torch.tensor([-1.0, 0.0, 0.0])[:, None, None, None]
            self.patches.bias.zero_()  # type: ignore[union-attr]
            self.head.weight.copy_(torch.tensor([[1.0, -1, 0, 0], [-1, 1, 0, 0]]))

    def forward(self, images: Tensor) -> Tensor:
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = self.blocks(torch.cat([self.extra.expand(len(images), -1, -1), patches], 1))
        logits: Tensor = self.head(self.norm(tokens)[:, 0])
        return logits


def classifier(network: nn.Module) -> Classifier:
    return Classifier(make_spec("image", (1, SIDE, SIDE), 2), network).eval()


@pytest.fixture
def image() -> Tensor:
    """Dark, with one bright patch in the second row and third column."""
    image = torch.full((1, SIDE, SIDE), -1.0)
    image[:, PATCH : 2 * PATCH, 2 * PATCH : 3 * PATCH] = 1
    return image


@pytest.mark.parametrize("tokens", [1, 5])
def test_the_map_shows_the_patch_that_speaks_for_the_class(image: Tensor, tokens: int) -> None:
    heat: Any = token_cam(classifier(Small(tokens)), image, 0, 4)
    assert heat.shape == (1, 1, 4, 4)
    assert heat.argmax() == 1 * 4 + 2
    assert (heat > 0).sum() == 1
    against: Any = token_cam(classifier(Small(tokens)), image, 1, 4)
    assert against[0, 0, 1, 2] == 0
    assert (against > 0).sum() == 15


def test_the_picture_has_it_where_the_patch_is(image: Tensor) -> None:
    heat = grad_cam(classifier(Small()), None, image, 0)
    row, column = divmod(int(heat.argmax()), SIDE)
    assert PATCH <= row < 2 * PATCH
    assert 2 * PATCH <= column < 3 * PATCH


@pytest.mark.parametrize(
    ("name", "yes"),
    [("torchvision:convnext_tiny", False), ("torchvision:swin_t", True), ("timm:vit_tiny_patch16_224", True)],
)
def test_networks_are_told_apart(name: str, yes: bool) -> None:
    data = make_spec("image", (3, SIDE, SIDE), 2)
    model = build_classifier(data, name, {"pretrained": False}).eval()
    image = torch.rand(3, SIDE, SIDE)
    assert is_transformer(model, image) == yes
    if yes:
        network: Any = model.network
        weights = torch.randn(network.head[1].in_features)
        network.head[1].weight.data = torch.stack([weights, -weights])  # so what is not for one class is for the other
        maps: list[Any] = [token_cam(model, image, target, 4) for target in range(2)]
        assert maps[0].shape[-1] == maps[0].shape[-2] >= 4
        assert (sum(maps) > 0).all()


def test_a_network_without_tokens_has_no_map(image: Tensor) -> None:
    assert token_cam(classifier(nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 2))), image, 0, 4) is None
