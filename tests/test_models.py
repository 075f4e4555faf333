"""Every model of the catalog, on every task and shape that it fits."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tuner import catalog
from tuner.data import DataSpec, Split, Task
from tuner.errors import TunerError

SHAPES: dict[Task, list[tuple[int, ...]]] = {
    "image": [(1, 8, 8), (1, 28, 28), (3, 32, 32)],
    "tabular": [(2,), (30,)],
}
MODELS = catalog.names("models")
MODELS_AND_DATA = [(name, task, shape) for name in MODELS for task in catalog.load("models", name).TASKS
                   for shape in SHAPES[task]]  # fmt: skip


def spec(task: Task, shape: tuple[int, ...], classes: int = 3) -> DataSpec:
    return DataSpec(
        name="made-up",
        task=task,
        shape=shape,
        classes=tuple(f"class {number}" for number in range(classes)),
        mean=(0.0,) * shape[0],
        std=(1.0,) * shape[0],
    )


def build(name: str, data: DataSpec, **hyperparameters: Any) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = catalog.load("models", name).build(data, **hyperparameters)
    return model


def num_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def keywords(name: str) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(catalog.load("models", name).build).parameters)
    parameters.pop("data")
    return parameters


@pytest.mark.parametrize(("name", "task", "shape"), MODELS_AND_DATA)
class TestEveryModelAndShape:
    def test_gives_a_logit_a_class_and_a_finite_gradient_a_parameter(
        self, name: str, task: Task, shape: tuple[int, ...]
    ) -> None:
        model = build(name, spec(task, shape))
        logits = model(torch.randn(4, *shape))
        assert logits.shape == (4, 3)
        assert logits.dtype == torch.float32
        torch.autograd.backward(cross_entropy(logits, torch.tensor([0, 1, 2, 0])))
        for parameter_name, parameter in model.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.isfinite().all(), parameter_name
            assert parameter.grad.abs().sum() > 0, parameter_name

    def test_classifies_a_sample_by_itself_as_within_a_batch(
        self, name: str, task: Task, shape: tuple[int, ...]
    ) -> None:
        model = build(name, spec(task, shape)).eval()
        inputs = torch.randn(3, *shape)
        with torch.inference_mode():
            assert torch.allclose(model(inputs)[:1], model(inputs[:1]), atol=1e-5)

    def test_dropout_acts_in_training_only(self, name: str, task: Task, shape: tuple[int, ...]) -> None:
        model = build(name, spec(task, shape), dropout=0.5)
        inputs = torch.randn(4, *shape)
        with torch.no_grad():
            assert not torch.equal(model(inputs), model(inputs))
            model.eval()
            assert torch.equal(model(inputs), model(inputs))

    def test_keeps_its_answers_through_its_state_dict(self, name: str, task: Task, shape: tuple[int, ...]) -> None:
        data, inputs = spec(task, shape), torch.randn(4, *shape)
        model = build(name, data)
        model(inputs)  # moves the batch norms' running statistics, which must be saved too
        other = catalog.load("models", name).build(data)
        other.load_state_dict(model.state_dict())
        with torch.inference_mode():
            assert torch.equal(other.eval()(inputs), model.eval()(inputs))


@pytest.mark.parametrize("name", MODELS)
class TestEveryModel:
    def test_every_keyword_has_a_default_of_a_type_that_toml_knows(self, name: str) -> None:
        assert "dropout" in keywords(name)
        for parameter in keywords(name).values():
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
            assert isinstance(parameter.default, bool | int | float | str)

    def test_refuses_bad_values_in_one_line(self, name: str) -> None:
        task = catalog.load("models", name).TASKS[0]
        for keyword in keywords(name):
            for value in ("wrong", -1, float("nan"), True):
                with pytest.raises(TunerError) as error:
                    build(name, spec(task, SHAPES[task][-1]), **{keyword: value})
                message = str(error.value)
                assert message.startswith(f"{name}: {keyword} is {value!r}: choose ")
                assert "\n" not in message

    def test_is_described_in_one_sentence(self, name: str) -> None:
        assert 20 <= len(catalog.summary("models", name)) <= 120


IMAGE_MODELS = [name for name in MODELS if "image" in catalog.load("models", name).TASKS]


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_channels_last_changes_the_layout_and_not_the_answer(name: str) -> None:
    model = build(name, spec("image", (3, 32, 32))).eval()
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = model(images)
        model = model.to(memory_format=torch.channels_last)
        answer = model(images.to(memory_format=torch.channels_last))
    assert torch.allclose(answer, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(20, 0.27e6), (32, 0.46e6), (44, 0.66e6), (56, 0.85e6), (18, 11.17e6)],
)
def test_resnet_has_the_published_number_of_parameters(depth: int, expected: float) -> None:
    """He et al. 2015, table 6, to its two digits; ResNet-18 as commonly counted for 32x32 images."""
    model = build("resnet", spec("image", (3, 32, 32), classes=10), depth=depth)
    assert num_parameters(model) == pytest.approx(expected, abs=0.005e6)


@pytest.mark.parametrize("depth", [20, 32, 44, 56])
def test_resnet_has_as_many_layers_with_weights_as_its_depth(depth: int) -> None:
    model = build("resnet", spec("image", (3, 32, 32)), depth=depth)
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


def test_resnet_of_depth_19_is_refused_with_the_depths_there_are() -> None:
    with pytest.raises(TunerError, match=r"^resnet: depth is 19: choose one of 18, 20, 32, 44, 56$"):
        build("resnet", spec("image", (3, 32, 32)), depth=19)


def test_resnet_starts_with_activations_of_about_the_same_size_at_any_depth() -> None:
    for depth in (20, 56):
        first_layers = build("resnet", spec("image", (3, 32, 32)), depth=depth)
        weights = [layer.weight for layer in first_layers.modules() if isinstance(layer, nn.Conv2d)]
        for weight in weights:
            he = (2 / (weight.shape[0] * 9)) ** 0.5  # He et al. 2015b, equation 14
            assert weight.std().item() == pytest.approx(he, rel=0.15)


def test_cnn_grows_with_the_square_of_its_width() -> None:
    sizes = [num_parameters(build("cnn", spec("image", (3, 32, 32), classes=10), width=w)) for w in (0.5, 1.0, 2.0)]
    assert sizes[1] == pytest.approx(1.18e6, rel=0.01)
    assert 3.8 < sizes[1] / sizes[0] < 4.1
    assert 3.8 < sizes[2] / sizes[1] < 4.1


@pytest.mark.parametrize(("side", "expected"), [(2, 2), (4, 2), (8, 2), (28, 3), (32, 4)])
def test_cnn_never_shrinks_a_map_to_one_pixel(side: int, expected: int) -> None:
    model = build("cnn", spec("image", (1, side, side)))
    sides = []
    pool = next(layer for layer in model.modules() if isinstance(layer, nn.AdaptiveAvgPool2d))
    pool.register_forward_pre_hook(lambda _, inputs: sides.append(inputs[0].shape[-1]))
    model(torch.randn(1, 1, side, side))  # a batch of one, in training mode
    assert sides == [expected]


def test_lstm_reads_every_column_and_tells_them_apart() -> None:
    model = build("lstm", spec("tabular", (6,))).eval()
    row = torch.zeros(1, 6)
    with torch.inference_mode():
        answers = torch.cat([model(row), *(model(row.index_fill(1, torch.tensor([i]), 1.0)) for i in range(6))])
    assert torch.pdist(answers).min() > 1e-4


def test_lstm_has_the_layers_and_units_that_are_asked_for() -> None:
    model = build("lstm", spec("tabular", (6,)), hidden_size=5, num_layers=3)
    lstm = next(layer for layer in model.modules() if isinstance(layer, nn.LSTM))
    assert (lstm.hidden_size, lstm.num_layers) == (5, 3)


@pytest.mark.parametrize(
    ("model", "smaller", "dataset", "epochs", "least"),
    [
        ("cnn", {"width": 0.5}, "digits", 4, 0.85),
        ("resnet", {}, "digits", 3, 0.85),
        ("lstm", {}, "breast_cancer", 8, 0.93),
    ],
)
def test_learns_in_a_few_epochs(
    model: str, smaller: dict[str, Any], dataset: str, epochs: int, least: float, tmp_path: Path
) -> None:
    splits = catalog.load("datasets", dataset).load(tmp_path)
    network = build(model, splits.spec, **smaller)
    train(network, normalised(splits.train, splits.spec), epochs)
    inputs, targets = normalised(splits.validation, splits.spec)
    with torch.inference_mode():
        accuracy = (network.eval()(inputs).argmax(1) == targets).float().mean().item()
    assert accuracy >= least


def normalised(split: Split, data: DataSpec) -> Split:
    shape = (-1,) + (1,) * (len(data.shape) - 1)
    mean, std = torch.tensor(data.mean).view(shape), torch.tensor(data.std).view(shape)
    return Split((split.inputs.float() - mean) / std, split.targets)


def train(network: nn.Module, split: Split, epochs: int) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(split.targets)), 32):
            optimizer.zero_grad()
            torch.autograd.backward(cross_entropy(network(split.inputs[batch]), split.targets[batch]))
            optimizer.step()
