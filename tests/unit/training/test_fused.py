"""A model with its batch norms folded says the same, and one that cannot be folded stays as it is."""

from __future__ import annotations

import pytest
import torch
from support.model_inputs import make_spec
from torch import Tensor, nn

from tuner.core import catalog
from tuner.data.spec import DataSpec, Task
from tuner.training.classifier import Classifier, build_classifier, predict_logits
from tuner.training.fused import fused, made_up, soonest

SHAPES: dict[Task, tuple[int, ...]] = {"image": (3, 32, 32), "tabular": (6,), "text": (12,)}
SMALL = {"vgg16": "takes 500 MB", "alexnet": "", "zfnet": ""}
CASES = [
    (name, task)
    for name in catalog.names("models")
    for task in catalog.load("models", name).TASKS
    if name not in ("vgg16", "efficientnet_lite0", "mobilenet_v2", "resnet18", "resnet50")
]


def trained_like(model: Classifier, data: DataSpec) -> Classifier:
    """With statistics of batch norm that are not those of the beginning."""
    generator = torch.Generator().manual_seed(1)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values, low in ((layer.running_mean, -0.5), (layer.running_var, 0.5)):
                assert values is not None
                values.copy_(torch.rand(len(values), generator=generator) + low)
    return model.eval()


@pytest.mark.parametrize(("name", "task"), CASES)
def test_every_model_says_the_same_but_for_rounding(name: str, task: Task) -> None:
    data = make_spec(task, SHAPES[task])
    torch.manual_seed(0)
    model = trained_like(build_classifier(data, name, {}), data)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    quick = fused(model, data)
    inputs = made_up(data, 5)
    for asked in (inputs, inputs[:1], inputs.repeat(120, *[1] * (inputs.ndim - 1))):
        assert torch.allclose(soonest(model, data)(asked), predict_logits(model, asked), atol=1e-4, rtol=1e-4)
    assert not any(layer.training for layer in quick.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_the_batch_norms_of_the_cnn_are_gone() -> None:
    data = make_spec("image", (1, 8, 8))
    quick = fused(build_classifier(data, "cnn", {"width": 0.125}), data)
    assert not [layer for layer in quick.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len([layer for layer in quick.modules() if isinstance(layer, nn.Conv2d)]) == 8
    assert not [layer for layer in quick.modules() if isinstance(layer, (nn.Identity, nn.Dropout))]


class Odd(nn.Module):
    """Calls its layers in another order than they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(192, 2))

    def forward(self, images: Tensor) -> Tensor:
        convolution, norm, flat, linear = self.layers
        normal: Tensor = linear(flat(convolution(norm(images))))
        return normal


class Placed(nn.Module):
    """Finds its layers by their places."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(192, 2))

    def forward(self, images: Tensor) -> Tensor:
        normal: Tensor = self.layers[3](self.layers[:3](images))
        return normal


def test_layers_stay_in_their_places_where_a_network_counts_on_them() -> None:
    data = make_spec("image", (3, 8, 8), 2)
    model = trained_like(Classifier(data, Placed()), data)
    quick = fused(model, data)
    assert [type(layer) for layer in quick.network.layers] == [nn.Conv2d, nn.Identity, nn.Flatten, nn.Linear]  # type: ignore[union-attr]


def test_a_network_whose_answers_would_differ_stays_as_it_is() -> None:
    data = make_spec("image", (3, 8, 8), 2)
    model = trained_like(Classifier(data, Odd()), data)
    assert fused(model, data) is model
