"""`tuner predict`: which model a name means, what is read from files, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from support.common import Command, Finished
from support.sample_files import write_digits

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.report.explanation import explain, grad_cam
from tuner.sweeps.model_lookup import find_model
from tuner.training.classifier import build_classifier
from tuner.training.prediction import predict
from tuner.training.samples import SampleReader
from tuner.training.saved_model import load_model, save_model

IMAGES = ["cnn", "resnet", "lenet", "alexnet", "zfnet"]


def test_images_are_predicted_by_the_champion_and_explained(tuner: Command, finished: Finished, tmp_path: Path) -> None:
    files = write_digits(tmp_path, 6)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    home = {"TUNER_HOME": str(finished.home)}
    shown = tuner("predict", "digits-cnn", *files, "broken.png", "--explain", "--out", "why", folder=tmp_path, **home)
    assert shown.returncode == 1, shown.stderr  # one was left out
    assert "left out: broken.png" in shown.stderr
    rows = [line.split() for line in shown.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == files
    assert sum(row[1] == str(number) for number, row in enumerate(rows)) >= 5
    assert sorted(path.name for path in (tmp_path / "why").iterdir()) == [f"digit-{n}-explained.png" for n in range(6)]
    Image.new("L", (400, 300), 255).save(tmp_path / "page.png")
    page = tuner("predict", "digits-cnn", "page.png", folder=tmp_path, **home)
    assert "note: 1 of 1 image: brighter than in training; such as page.png (brightness 100%" in page.stderr
    as_json = tuner("predict", "digits-cnn", *files, "--json", folder=tmp_path, **home)
    assert as_json.returncode == 0, as_json.stderr
    predicted = json.loads(as_json.stdout)
    assert [one["class"] for one in predicted] == [row[1] for row in rows]
    assert not any("notes" in one for one in predicted)
    assert sum(predicted[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("form", ["{home}/digits-cnn-1", "digits-cnn-1", "models:/digits-cnn@champion", "digits-cnn"])
def test_a_model_is_found_by_each_of_its_names(finished: Finished, tmp_path: Path, form: str) -> None:
    folder = find_model(form.format(home=finished.home), finished.home, tmp_path)
    model, data = load_model(folder)
    expected, _ = load_model(finished.sweep / "model")
    assert data.name == "digits"
    for name, value in model.state_dict().items():
        assert torch.equal(value, expected.state_dict()[name])


def test_a_model_that_is_not_there_is_said_in_one_line(finished: Finished, tmp_path: Path) -> None:
    for name, words in {
        "digits-cn": "unknown model 'digits-cn': did you mean digits-cnn",
        "models:/nothing@champion": "models:/nothing@champion: ",
        "models:/digits-cnn/99": "models:/digits-cnn/99: ",
    }.items():
        with pytest.raises(TunerError) as caught:
            find_model(name, finished.home, tmp_path)
        assert str(caught.value).startswith(words)
        assert "\n" not in str(caught.value)
    with pytest.raises(TunerError, match=r"there are no models in .*start with tuner sweep"):
        find_model("digits-cnn", tmp_path / "empty", tmp_path)
    assert not (tmp_path / "empty").exists()


def test_rows_are_read_by_the_names_of_their_columns(tmp_path: Path) -> None:
    splits = catalog.load("datasets", "breast_cancer").load(tmp_path)
    model = build_classifier(splits.spec, "lstm", {"hidden_size": 4})
    save_model(tmp_path / "model", splits.spec, "lstm", {"hidden_size": 4}, model.state_dict())
    loaded, data = load_model(tmp_path / "model")
    names = [column.name for column in data.columns]
    rows = splits.test.inputs[:3].double().numpy()
    order = list(reversed(range(30)))  # columns may come in any order, with others between them
    header = ",".join(["id", *(names[i] for i in order)])
    lines = [",".join([f"no {n}", *(repr(float(row[i])) for i in order)]) for n, row in enumerate(rows)]
    (tmp_path / "rows.csv").write_text("\n".join([header, *lines]))
    [samples] = SampleReader(data, [str(tmp_path / "rows.csv")])
    assert torch.allclose(samples.inputs, splits.test.inputs[:3])
    assert [name.rsplit(":", 1)[1] for name in samples.names] == ["2", "3", "4"]
    first = predict(loaded, data, samples)[0]
    assert set(first.probabilities) == {"malignant", "benign"}
    assert first.best[1] == max(first.probabilities.values())


def test_a_text_is_a_line_and_empty_ones_are_none(tmp_path: Path) -> None:
    from tuner.data.spec import DataSpec

    data = DataSpec(name="t", task="text", shape=(4,), classes=("a", "b"), mean=(), std=(), vocabulary=("good", "film"))
    (tmp_path / "t.txt").write_text("A good film\n\nfilm!\n")
    [samples] = SampleReader(data, [str(tmp_path / "t.txt")])
    assert samples.inputs.tolist() == [[1, 2, 3, 0], [3, 0, 0, 0]]
    assert [name.rsplit(":", 1)[1] for name in samples.names] == ["1", "3"]
    for content, words in ((b"", "there is no text"), (b"\xff\xfd", ":1: not UTF-8 text"), (b"\xff\xfe", "UTF-16")):
        (tmp_path / "t.txt").write_bytes(content)
        with pytest.raises(TunerError, match=words):
            list(SampleReader(data, [str(tmp_path / "t.txt")]))
    with pytest.raises(TunerError, match="No such file"):
        list(SampleReader(data, [str(tmp_path / "nowhere.txt")]))


def test_grad_cam_looks_where_the_class_is_decided(tmp_path: Path) -> None:
    """A network whose only evidence is the brightness of the left half's maps."""
    splits = catalog.load("datasets", "digits").load(tmp_path)
    model = build_classifier(splits.spec, "cnn", {"width": 0.25})
    convolution = torch.nn.Conv2d(1, 2, 3, padding=1, bias=False)
    with torch.no_grad():
        convolution.weight.zero_()
        convolution.weight[1, 0, 1, 1] = 1.0
    model.network = torch.nn.Sequential(convolution, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    image = torch.zeros(1, 8, 8, dtype=torch.uint8)
    image[:, :, :3] = 16
    heat = grad_cam(model, convolution, image, target=1)
    assert heat.shape == (8, 8)
    assert (heat.min().item(), heat.max().item()) == (0, 1)
    assert heat[:, :3].mean() > 0.9
    assert heat[:, 3:].mean() < 0.1


@pytest.mark.parametrize("name", IMAGES)
def test_every_architecture_can_be_explained(name: str, tmp_path: Path) -> None:
    splits = catalog.load("datasets", "digits").load(tmp_path)
    model = build_classifier(splits.spec, name, {}).eval()
    files = write_digits(tmp_path, 1)
    (tmp_path / "other").mkdir()
    files += [f"other/{name}" for name in write_digits(tmp_path / "other", 1)]
    [samples] = SampleReader(splits.spec, files)
    predictions = predict(model, splits.spec, samples)
    for _ in range(2):  # a picture is replaced by one of the same file alone
        paths = explain(model, splits.spec, samples.inputs, predictions, tmp_path)
        assert [path.name for path in paths] == ["digit-0-explained.png", "digit-0-explained-2.png"]
    with Image.open(paths[0]) as picture:
        assert picture.size[0] > 300
