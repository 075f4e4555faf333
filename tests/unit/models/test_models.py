"""Every model of the catalog, on every task and shape that it fits."""

from __future__ import annotations

import inspect

import pytest
import torch
from support.model_inputs import build, make_inputs, make_spec, settle
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import Task
from tuner.training.classifier import model_note

SHAPES: dict[Task, list[tuple[int, ...]]] = {
    "image": [(1, 8, 8), (1, 28, 28), (3, 32, 32)],
    "tabular": [(2,), (30,)],
    "text": [(5,), (12,)],
}
REFUSED: dict[str, list[tuple[int, ...]]] = {
    "vgg16": [(1, 8, 8), (1, 28, 28)],
    "mobilenet_v2": [(1, 8, 8), (1, 28, 28)],
}
"""Shapes that a model says no to: images that it would halve to nothing."""
MODELS = catalog.names("models")
MODELS_AND_DATA = [(name, task, shape) for name in MODELS for task in catalog.load("models", name).TASKS
                   for shape in SHAPES[task] if shape not in REFUSED.get(name, [])]  # fmt: skip


def num_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def doubled(inputs: Tensor) -> Tensor:
    """In a precision in which two orders of adding give the same sum."""
    return inputs.double() if inputs.is_floating_point() else inputs


def takes_booleans(name: str, keyword: str) -> bool:
    return isinstance(keywords(name)[keyword].default, bool)


def keywords(name: str) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(catalog.load("models", name).build).parameters)
    parameters.pop("data")
    return parameters


@pytest.mark.parametrize(("name", "task", "shape"), MODELS_AND_DATA)
class TestEveryModelAndShape:
    def test_gives_a_logit_a_class_and_a_finite_gradient_a_parameter(
        self, name: str, task: Task, shape: tuple[int, ...]
    ) -> None:
        model = build(name, make_spec(task, shape))
        logits = model(make_inputs(make_spec(task, shape), 4))
        assert logits.shape == (4, 3)
        assert logits.dtype == torch.float32
        torch.autograd.backward(cross_entropy(logits, torch.tensor([0, 1, 2, 0])))
        for parameter_name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                assert parameter.grad is None, parameter_name
                continue
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.isfinite().all(), parameter_name
            assert parameter.grad.abs().sum() > 0, parameter_name

    def test_classifies_a_sample_by_itself_as_within_a_batch(
        self, name: str, task: Task, shape: tuple[int, ...]
    ) -> None:
        inputs = doubled(make_inputs(make_spec(task, shape), 3))
        model = settle(build(name, make_spec(task, shape)).double().eval(), inputs)
        with torch.inference_mode():
            assert torch.pdist(model(inputs)).min() > 1e-4
            assert torch.allclose(model(inputs)[:1], model(inputs[:1]), atol=1e-5)

    def test_dropout_acts_in_training_only(self, name: str, task: Task, shape: tuple[int, ...]) -> None:
        model = build(name, make_spec(task, shape), dropout=0.5)
        inputs = make_inputs(make_spec(task, shape), 4)
        with torch.no_grad():
            assert not torch.equal(model(inputs), model(inputs))
            model.eval()
            assert torch.equal(model(inputs), model(inputs))

    def test_keeps_its_answers_through_its_state_dict(self, name: str, task: Task, shape: tuple[int, ...]) -> None:
        data = make_spec(task, shape)
        inputs = make_inputs(data, 4)
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
            wrong = ["wrong", -1, float("nan"), 1 if takes_booleans(name, keyword) else True]
            for value in wrong:
                with pytest.raises(TunerError) as error:
                    build(name, make_spec(task, SHAPES[task][-1]), **{keyword: value})
                message = str(error.value)
                assert message.startswith(f"{name}: {keyword} is {value!r}: choose ")
                assert "\n" not in message

    def test_is_described_in_one_sentence(self, name: str) -> None:
        assert 20 <= len(catalog.summary("models", name)) <= 120


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name in REFUSED for shape in REFUSED[name]])
def test_images_that_a_model_cannot_take_are_refused_in_one_line(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(TunerError) as error:
        build(name, make_spec("image", shape))
    pixels = f"{shape[1]}x{shape[2]}"
    assert str(error.value) == f"{name}: made-up has images of {pixels} pixels: choose 32x32 or larger ones"


IMAGE_MODELS = [name for name in MODELS if "image" in catalog.load("models", name).TASKS]


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_channels_last_changes_the_layout_and_not_the_answer(name: str) -> None:
    images = doubled(torch.randn(2, 3, 32, 32))
    model = settle(build(name, make_spec("image", (3, 32, 32))).double().eval(), images)
    with torch.inference_mode():
        expected = model(images)
        assert torch.pdist(expected) > 1e-3
        model = model.to(memory_format=torch.channels_last)
        answer = model(images.to(memory_format=torch.channels_last))
    assert torch.allclose(answer, expected, atol=1e-4)


@pytest.mark.parametrize("name", IMAGE_MODELS)
@pytest.mark.parametrize("shape", [(3, 160, 160), (3, 40, 100)])
def test_takes_images_that_are_large_or_oblong(name: str, shape: tuple[int, ...]) -> None:
    model = build(name, make_spec("image", shape)).eval()
    with torch.inference_mode():
        assert model(torch.randn(1, *shape)).isfinite().all()


def test_lstm_reads_every_column_and_tells_them_apart() -> None:
    model = build("lstm", make_spec("tabular", (6,))).eval()
    row = torch.zeros(1, 6)
    with torch.inference_mode():
        answers = torch.cat([model(row), *(model(row.index_fill(1, torch.tensor([i]), 1.0)) for i in range(6))])
    assert torch.pdist(answers).min() > 1e-4


def test_lstm_has_the_layers_and_units_that_are_asked_for() -> None:
    model = build("lstm", make_spec("tabular", (6,)), hidden_size=5, num_layers=3)
    lstm = next(layer for layer in model.modules() if isinstance(layer, nn.LSTM))
    assert (lstm.hidden_size, lstm.num_layers) == (5, 3)


def test_a_model_says_that_thousands_of_columns_take_long() -> None:
    note = model_note(make_spec("tabular", (6000,)), "lstm")
    assert "the 6,000 features of a row one after the other: a trial takes about 200 times as long" in note
    for task, shape, model in (("tabular", (30,), "lstm"), ("text", (6000,), "lstm"), ("tabular", (6000,), "mlp")):
        assert model_note(make_spec(task, shape), model) == ""  # type: ignore[arg-type]
