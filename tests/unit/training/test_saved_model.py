"""A trained model on disk: the same probabilities come back, and nothing is unpickled."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec, Splits
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.model_description import ModelDescription
from tuner.training.saved_model import load_model, probabilities, save_model

PAIRS: list[tuple[str, str, dict[str, Any]]] = [
    ("digits", "cnn", {"width": 0.125, "dropout": 0.5}),
    ("digits", "resnet", {"depth": 20}),
    ("breast_cancer", "lstm", {"hidden_size": 4, "num_layers": 2}),
]


def forbidden(*_: object, **__: object) -> NoReturn:
    raise AssertionError("something is unpickled")


def trained(dataset: str, model: str, arguments: Mapping[str, Any]) -> tuple[Classifier, Splits]:
    """A model whose batch norms have seen data."""
    splits: Splits = catalog.load("datasets", dataset).load(None)
    torch.manual_seed(0)
    subject = build_classifier(splits.spec, model, arguments)
    subject.train()
    with torch.no_grad():
        for batch in torch.split(splits.train.inputs[:96], 32):
            subject(batch)
    return subject.eval(), splits


@pytest.fixture(scope="module")
def digits() -> tuple[Classifier, Splits]:
    return trained(*PAIRS[0])


@pytest.fixture
def always_warn() -> Iterator[None]:
    """Torch gives some warnings only once a process: here every time, whatever ran before."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)


@pytest.mark.parametrize(("dataset", "name", "arguments"), PAIRS)
def test_a_saved_model_gives_the_same_probabilities_without_unpickling_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, name: str, arguments: dict[str, Any]
) -> None:
    model, splits = trained(dataset, name, arguments)
    raw = splits.validation.inputs[:30].numpy()
    expected = probabilities(model, splits.spec, raw)
    for function in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, function, forbidden)
    save_model(tmp_path / "a" / "model", splits.spec, name, arguments, model.state_dict())
    loaded, spec = load_model(tmp_path / "a" / "model")
    assert spec == splits.spec
    assert not loaded.training
    assert np.array_equal(probabilities(loaded, spec, raw), expected)
    assert {path.name for path in (tmp_path / "a" / "model").iterdir()} == {"weights.safetensors", "model.json"}


def test_saving_over_a_model_replaces_it(tmp_path: Path, digits: tuple[Classifier, Splits]) -> None:
    model, splits = digits
    save_model(tmp_path / "model", splits.spec, "cnn", PAIRS[0][2], model.state_dict())
    other = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    other["std"] = torch.ones_like(model.std)
    save_model(tmp_path / "model", splits.spec, "cnn", {"width": 0.125}, other)
    loaded, spec = load_model(tmp_path / "model")
    assert probabilities(loaded, spec, splits.test.inputs[:2]) == pytest.approx(np.full((2, 10), 0.1))


def test_probabilities_are_a_row_a_sample_that_sums_to_one(digits: tuple[Classifier, Splits]) -> None:
    model, splits = digits
    result = probabilities(model, splits.spec, splits.test.inputs[:7].numpy())
    assert result.shape == (7, 10)
    assert result.dtype == np.float32
    assert result.sum(1) == pytest.approx(np.ones(7))
    assert (result >= 0).all()


@pytest.mark.parametrize(
    "convert",
    [
        lambda images: images.tolist(),
        lambda images: images.astype(np.float64),
        lambda images: images.astype(np.int64),
        np.asfortranarray,
        lambda images: images[::-1][::-1],
    ],
    ids=["lists", "float64", "int64", "fortran order", "views"],
)
def test_raw_samples_may_come_as_lists_or_arrays_of_any_number(digits: tuple[Classifier, Splits], convert: Any) -> None:
    model, splits = digits
    images = splits.test.inputs[:5].numpy()
    expected = probabilities(model, splits.spec, images)
    assert probabilities(model, splits.spec, convert(images)) == pytest.approx(expected, abs=1e-6)


def test_raw_samples_may_be_read_only(digits: tuple[Classifier, Splits], always_warn: None) -> None:
    """Those of a server often are; torch warns of them, and here warnings are errors."""
    model, splits = digits
    images = splits.test.inputs[:5].numpy().copy()
    images.flags.writeable = False
    assert probabilities(model, splits.spec, images).shape == (5, 10)


def test_no_samples_give_no_probabilities(digits: tuple[Classifier, Splits]) -> None:
    model, splits = digits
    nothing: Any
    for nothing in (np.zeros((0, 1, 8, 8), dtype=np.uint8), []):
        assert probabilities(model, splits.spec, nothing).shape == (0, 10)


def test_more_samples_than_a_batch_are_taken(digits: tuple[Classifier, Splits]) -> None:
    model, splits = digits
    images = splits.train.inputs[:600].numpy()
    result = probabilities(model, splits.spec, images)
    assert result[590:] == pytest.approx(probabilities(model, splits.spec, images[590:]), abs=1e-6)


@pytest.mark.parametrize(
    ("raw", "shape"),
    [
        (np.zeros((2, 3, 8, 8)), "(3, 8, 8)"),
        (np.zeros((2, 1, 28, 28)), "(1, 28, 28)"),
        (np.zeros((8, 7)), "(7,)"),
        (3.0, "()"),
    ],
)
def test_samples_of_another_shape_are_refused_in_one_line(
    digits: tuple[Classifier, Splits], raw: Any, shape: str
) -> None:
    model, splits = digits
    with pytest.raises(TunerError) as caught:
        probabilities(model, splits.spec, raw)
    assert str(caught.value) == f"samples of shape {shape} for a model of digits, which takes (1, 8, 8)"


@pytest.mark.parametrize(
    "raw", [[[[["a"] * 8] * 8]], [[1, 2], [3]], [[[[None] * 8] * 8]]], ids=["text", "ragged", "none"]
)
def test_samples_that_are_no_numbers_are_refused_in_one_line(digits: tuple[Classifier, Splits], raw: Any) -> None:
    model, splits = digits
    with pytest.raises(TunerError) as caught:
        probabilities(model, splits.spec, raw)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("levels", value) for value in ([4095, 0], [0], [1, 2, 3], ["0", "1"], [0, float("nan")], "01", None)),
        *(("ground", value) for value in (1, 256, True, "white", None, [0])),
    ],
)
def test_impossible_values_of_images_are_damage(
    tmp_path: Path, digits: tuple[Classifier, Splits], field: str, value: Any
) -> None:
    model, splits = digits
    save_model(tmp_path, splits.spec, "cnn", PAIRS[0][2], model.state_dict())
    path = tmp_path / "model.json"
    description = json.loads(path.read_text())
    description["data"][field] = value
    path.write_text(json.dumps(description))
    with pytest.raises(TunerError, match=f"'{field}' has an impossible value"):
        load_model(tmp_path)


def test_a_model_of_a_version_before_has_no_levels_and_no_ground(
    tmp_path: Path, digits: tuple[Classifier, Splits]
) -> None:
    model, splits = digits
    save_model(tmp_path, splits.spec, "cnn", PAIRS[0][2], model.state_dict())
    path = tmp_path / "model.json"
    description = json.loads(path.read_text())
    del description["data"]["levels"], description["data"]["ground"]
    path.write_text(json.dumps(description))
    assert load_model(tmp_path)[1] == splits.spec


@pytest.mark.parametrize(
    "fields",
    [
        {"clock": "h:m", "categories": ["a", "b"]},
        {"clock": "h:m", "date_order": "ymd", "parts": ["year"]},
        {"date_order": "ymd", "parts": ["year"], "categories": ["a"]},
        {"date_order": "ymd"},
        {"parts": ["year"]},
    ],
)
def test_a_column_of_two_kinds_is_damage(fields: dict[str, Any]) -> None:
    raw = {"name": "t", "task": "tabular", "classes": ["x", "y"], "mean": [0], "std": [1]}
    width = len(fields.get("categories", ())) or len(fields.get("parts", ())) or 1
    data = DataSpec.from_json({**raw, "shape": [width], "columns": [{"name": "c", **fields}]})
    assert not ModelDescription(data, "lstm", {}).examine()["columns"]
    data = DataSpec.from_json({**raw, "shape": [1], "columns": [{"name": "c", "clock": "h:m"}]})
    assert ModelDescription(data, "lstm", {}).examine()["columns"]
