"""An exported file answers as the model that it was made of, for batches of any size and texts of any length."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from support.exports import MODELS, raw_samples, small_model
from torch import Tensor, nn

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec, Split
from tuner.training import pt2_file
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.export_check import check_answers, check_made_up, made_up_samples
from tuner.training.export_graph import make_program, output_name
from tuner.training.exported_model import load_exported
from tuner.training.model_description import ModelDescription
from tuner.training.onnx_file import write_onnx
from tuner.training.open_model import open_model
from tuner.training.prediction import predict, predict_numbers
from tuner.training.quantised import quantise
from tuner.training.sample_batches import Samples
from tuner.training.saved_model import answers

BATCHES = (1, 2, 33)


def record_of(data: DataSpec) -> str:
    return ModelDescription(data, "any", {}).to_text()


def to_pt2(model: nn.Module, data: DataSpec, path: Path) -> Path:
    pt2_file.write_pt2(make_program(model, data), record_of(data), path)
    return path


def to_onnx(model: nn.Module, data: DataSpec, path: Path) -> Path:
    write_onnx(make_program(model, data), output_name(data), record_of(data), path)
    return path


def forbidden(*_: object, **__: object) -> NoReturn:
    raise AssertionError("something is unpickled")


def same_answers(model: Classifier, data: DataSpec, path: Path) -> None:
    exported, read = load_exported(path)
    assert read == data
    for batch in BATCHES:
        raw = raw_samples(data, batch, seed=batch)
        before, after = predict_logits(model, raw), predict_logits(exported, raw)
        if data.number is None:
            before, after = torch.softmax(before, 1), torch.softmax(after, 1)
        assert before.shape == after.shape
        assert float((before - after).abs().max()) < 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_a_torch_file_answers_as_the_model_and_is_read_without_pickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    model, data = small_model(name)
    path = to_pt2(model, data, tmp_path / "m.pt2")
    for function in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, function, forbidden)
    same_answers(model, data, path)


def test_an_onnx_file_answers_as_the_model(tmp_path: Path) -> None:
    model, data = small_model("a table")
    same_answers(model, data, to_onnx(model, data, tmp_path / "m.onnx"))


@pytest.mark.proof
@pytest.mark.parametrize("name", MODELS)
def test_an_onnx_file_of_each_kind_of_model_answers_as_the_model(tmp_path: Path, name: str) -> None:
    model, data = small_model(name)
    same_answers(model, data, to_onnx(model, data, tmp_path / "m.onnx"))


def test_an_exported_file_is_used_like_a_saved_model(tmp_path: Path) -> None:
    model, data = small_model("numbers")
    exported, read = open_model(to_pt2(model, data, tmp_path / "m.pt2"))
    rows = [{"seconds": 1.1e9, "colour": "green", "size": 3.0}, {"seconds": 9e8, "colour": None, "size": 5.5}]
    expected, found = answers(model, data, rows), answers(exported, read, rows)
    assert list(found.columns) == ["price"]
    assert found["price"].to_numpy() == pytest.approx(expected["price"].to_numpy(), rel=1e-6)
    assert read.number is not None
    batch = Samples(["a", "b"], raw_samples(data, 2), [None, "3"], [(), ()])
    assert [each.number for each in predict_numbers(exported, read.number, batch)] == pytest.approx(
        [each.number for each in predict_numbers(model, read.number, batch)], rel=1e-6
    )


def test_the_threshold_of_two_classes_is_in_the_record(tmp_path: Path) -> None:
    data = small_model("images")[1]
    two = replace(data, classes=("a", "b"), threshold=1.0)
    torch.manual_seed(0)
    built = Classifier(two, nn.Sequential(nn.Flatten(), nn.Linear(64, 2))).eval()
    exported, read = open_model(to_pt2(built, two, tmp_path / "m.pt2"))
    images = raw_samples(two, 20)
    predictions = predict(exported, read, Samples(["x"] * 20, images, [None] * 20, [()] * 20))
    assert {each.best[0] for each in predictions} == {"a"}


class Branching(nn.Module):
    """What it does depends on the values of its input: no fixed graph can do that."""

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, ...) -> (batch, 3)."""
        return inputs.flatten(1)[:, :3] if float(inputs.sum()) > 0 else inputs.flatten(1)[:, 3:6]


def test_a_network_that_no_graph_can_follow_is_refused_in_one_line() -> None:
    _, data = small_model("images")
    with pytest.raises(TunerError, match=r"the model of made-up cannot be exported: torch\.export does not follow"):
        make_program(Classifier(data, Branching()), data)


def rewritten(path: Path, part: str, change: Any) -> Path:
    """The archive with one of its files changed."""
    with zipfile.ZipFile(path) as archive:
        content = {entry: archive.read(entry) for entry in archive.namelist()}
    [name] = [entry for entry in content if entry.endswith(part)]
    content[name] = change(content[name])
    new = path.with_name("changed.pt2")
    with zipfile.ZipFile(new, "w") as archive:
        for entry, data in content.items():
            archive.writestr(entry, data)
    return new


def calls_the_shell(content: bytes) -> bytes:
    graph = json.loads(content)
    graph["graph_module"]["graph"]["nodes"][0]["target"] = "torch.os.system"
    return json.dumps(graph).encode()


def evaluates(content: bytes) -> bytes:
    return content.replace(b"Symbol('", b"__import__('os').system('", 1)


def is_pickled(content: bytes) -> bytes:
    return content.replace(b'"use_pickle": false', b'"use_pickle": true', 1)


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("models/model.json", calls_the_shell, "it calls 'torch.os.system'"),
        ("models/model.json", evaluates, "it evaluates '__import__"),
        ("model_weights_config.json", is_pickled, "a tensor of it is pickled"),
        ("sample_inputs/model.pt", lambda _: pickle.dumps([1]), "its sample inputs are pickled"),
    ],
)
def test_a_torch_file_that_may_run_code_is_not_opened(tmp_path: Path, part: str, change: Any, said: str) -> None:
    model, data = small_model("a table")
    path = to_pt2(model, data, tmp_path / "m.pt2")
    with zipfile.ZipFile(path) as archive:
        [name] = [entry for entry in archive.namelist() if entry.endswith(part)]
        assert change(archive.read(name)) != archive.read(name)
    with pytest.raises(TunerError, match="is not opened, since reading it might run code") as caught:
        load_exported(rewritten(path, part, change))
    assert said in str(caught.value)


@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_a_damaged_file_and_one_of_others_is_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(TunerError, match=r"m\.(onnx|pt2) is no"):
        load_exported(path)
    model, data = small_model("a table")
    program = make_program(model, data)
    if suffix == ".pt2":
        pt2_file.write_pt2(program, "", path)
    else:
        write_onnx(program, output_name(data), "", path)
    with pytest.raises(TunerError, match="was not written by tuner export"):
        load_exported(path)


def test_the_check_sees_another_model(tmp_path: Path) -> None:
    model, data = small_model("a table")
    other = small_model("a table")[0]
    inputs = made_up_samples(data)
    logits = predict_logits(model, inputs)
    second = logits.sort(1).values[:, -2]
    with torch.no_grad():  # every other sample gets another answer, or so
        list(other.parameters())[-1][int(logits.mean(0).argmax())] -= (logits.max(1).values - second).median()
    split = Split(inputs, logits.argmax(1))
    check = check_answers(model, other, data, split, "test")
    assert check.before == 1
    assert check.after is not None
    assert check.after < 1
    assert check.changed == round((1 - check.after) * len(inputs)) > 0
    assert check.largest > 0.01
    assert check.before_error is not None
    assert check.before_error > 0, "all were right, and yet the error is not 0"
    assert check_made_up(model, other, data).largest == pytest.approx(check.largest)
    assert check_answers(model, model, data, split, "test").largest == 0


@pytest.mark.proof
@pytest.mark.parametrize(("name", "way"), [("images", "static"), ("texts", "dynamic"), ("a table", "dynamic")])
def test_8_bit_weights_are_smaller_and_answer_alike(tmp_path: Path, name: str, way: str) -> None:
    model, data = small_model(name)
    path = to_onnx(model, data, tmp_path / "m.onnx")
    samples = raw_samples(data, 64)
    kind = {"image": torch.uint8, "text": torch.int64, "tabular": torch.float64}[data.task]
    assert quantise(path, samples.to(kind), tmp_path / "small.onnx") == way
    exported, read = load_exported(tmp_path / "small.onnx")
    assert read == data
    before, after = (torch.softmax(predict_logits(each, samples), 1) for each in (model, exported))
    assert 0 < float((before - after).abs().max()) < 0.1
