"""The image models: published sizes, and how they treat small maps and large images."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.model_inputs import make_spec
from torch import Tensor, nn

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec


def build(name: str, data: DataSpec, **hyperparameters: Any) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = catalog.load("models", name).build(data, **hyperparameters)
    return model


def num_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def layers(model: nn.Module, kind: type[nn.Module]) -> list[Any]:
    return [layer for layer in model.modules() if isinstance(layer, kind)]


def multiply_adds(model: nn.Module, shape: tuple[int, ...]) -> int:
    """Of the convolutions and dense layers, for one sample."""
    counts: list[int] = []

    def count(layer: Any, _: object, output: Tensor) -> None:
        counts.append(layer.weight.numel() * output.shape[2:].numel())

    for layer in layers(model, nn.Conv2d) + layers(model, nn.Linear):
        layer.register_forward_hook(count)
    with torch.inference_mode():
        model.eval()(torch.zeros(1, *shape))
    return sum(counts)


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(20, 0.27e6), (32, 0.46e6), (44, 0.66e6), (56, 0.85e6), (18, 11.17e6)],
)
def test_resnet_has_the_published_number_of_parameters(depth: int, expected: float) -> None:
    """He et al. 2015, table 6, to its two digits; ResNet-18 as commonly counted for 32x32 images."""
    model = build("resnet", make_spec("image", (3, 32, 32), classes=10), depth=depth)
    assert num_parameters(model) == pytest.approx(expected, abs=0.005e6)


@pytest.mark.parametrize("depth", [20, 32, 44, 56])
def test_resnet_has_as_many_layers_with_weights_as_its_depth(depth: int) -> None:
    model = build("resnet", make_spec("image", (3, 32, 32)), depth=depth)
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


def test_resnet_of_depth_19_is_refused_with_the_depths_there_are() -> None:
    with pytest.raises(TunerError, match=r"^resnet: depth is 19: choose one of 18, 20, 32, 44, 56$"):
        build("resnet", make_spec("image", (3, 32, 32)), depth=19)


def test_resnet_starts_with_activations_of_about_the_same_size_at_any_depth() -> None:
    for depth in (20, 56):
        first_layers = build("resnet", make_spec("image", (3, 32, 32)), depth=depth)
        weights = [layer.weight for layer in first_layers.modules() if isinstance(layer, nn.Conv2d)]
        for weight in weights:
            he = (2 / (weight.shape[0] * 9)) ** 0.5  # He et al. 2015b, equation 14
            assert weight.std().item() == pytest.approx(he, rel=0.15)


def test_cnn_grows_with_the_square_of_its_width() -> None:
    data = make_spec("image", (3, 32, 32), classes=10)
    sizes = [num_parameters(build("cnn", data, width=width)) for width in (0.5, 1.0, 2.0)]
    assert sizes[1] == pytest.approx(1.18e6, rel=0.01)
    assert 3.8 < sizes[1] / sizes[0] < 4.1
    assert 3.8 < sizes[2] / sizes[1] < 4.1


@pytest.mark.parametrize(("side", "expected"), [(2, 2), (4, 2), (8, 2), (28, 3), (32, 4)])
def test_cnn_never_shrinks_a_map_to_one_pixel(side: int, expected: int) -> None:
    model = build("cnn", make_spec("image", (1, side, side)))
    sides = []
    pool = next(layer for layer in model.modules() if isinstance(layer, nn.AdaptiveAvgPool2d))
    pool.register_forward_pre_hook(lambda _, inputs: sides.append(inputs[0].shape[-1]))
    model(torch.randn(1, 1, side, side))  # a batch of one, in training mode
    assert sides == [expected]


def test_lenet_has_the_published_number_of_parameters() -> None:
    """LeCun et al. 1998, section II.B: 156 in C1, 48,120 in C5, 10,164 in F6; here C3 sees all maps of S2."""
    data = make_spec("image", (1, 32, 32), classes=10)
    model = build("lenet", data, batch_norm=False)
    counts = [num_parameters(layer) for layer in layers(model, nn.Conv2d) + layers(model, nn.Linear)]
    assert counts == [156, 2416, 48_120, 10_164, 850]
    assert num_parameters(build("lenet", data)) == 61_706 - 22 + 2 * 22  # a scale and a shift for each of 6 + 16 maps


@pytest.mark.parametrize(("side", "sides"), [(32, [28, 10, 1]), (28, [28, 10, 1]), (8, [8, 4, 1]), (160, [156, 74, 1])])
def test_lenet_makes_maps_of_the_papers_sizes_where_it_can(side: int, sides: list[int]) -> None:
    model, seen = build("lenet", make_spec("image", (1, side, side))), []
    for layer in layers(model, nn.Conv2d):
        layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output.shape[-1]))
    model(torch.randn(1, 1, side, side))  # a batch of one, in training mode
    assert seen == sides


def test_lenet_has_the_activation_that_is_asked_for() -> None:
    data = make_spec("image", (1, 28, 28))
    assert len(layers(build("lenet", data, activation="tanh"), nn.Tanh)) == 4
    assert len(layers(build("lenet", data), nn.ReLU)) == 4
    assert len(layers(build("lenet", data), nn.AvgPool2d) + layers(build("lenet", data), nn.AdaptiveAvgPool2d)) == 2


@pytest.mark.parametrize("name", ["alexnet", "zfnet"])
class TestAlexNetAndZFNet:
    def test_have_five_convolutions_three_poolings_and_three_dense_layers(self, name: str) -> None:
        model = build(name, make_spec("image", (3, 32, 32)), width=1.0)
        assert [layer.out_channels for layer in layers(model, nn.Conv2d)] == [96, 256, 384, 384, 256]
        assert len(layers(model, nn.MaxPool2d)) == 3
        assert [layer.out_features for layer in layers(model, nn.Linear)] == [2048, 2048, 3]

    def test_are_small_enough_for_a_cpu(self, name: str) -> None:
        model = build(name, make_spec("image", (3, 32, 32), classes=10))
        published = {"alexnet": 25e6, "zfnet": 67e6}  # in their docstrings
        assert multiply_adds(model, (3, 32, 32)) == pytest.approx(published[name], rel=0.02)

    @pytest.mark.parametrize("side", [2, 3, 8, 28, 32, 63, 64, 160])
    def test_never_shrink_a_map_to_one_pixel(self, name: str, side: int) -> None:
        model, sides = build(name, make_spec("image", (1, side, side)), width=0.125), []
        for layer in layers(model, nn.MaxPool2d) + layers(model, nn.Conv2d):
            layer.register_forward_hook(lambda _layer, _inputs, output: sides.append(output.shape[-1]))
        model(torch.randn(1, 1, side, side))  # a batch of one, in training mode
        assert min(sides) >= 2


def test_large_images_get_the_first_convolutions_of_the_papers() -> None:
    data = make_spec("image", (3, 160, 160))
    alexnet, zfnet = (layers(build(name, data), nn.Conv2d) for name in ("alexnet", "zfnet"))
    assert [(layer.kernel_size[0], layer.stride[0]) for layer in alexnet[:2]] == [(11, 4), (5, 1)]
    assert [(layer.kernel_size[0], layer.stride[0]) for layer in zfnet[:2]] == [(7, 2), (5, 2)]
