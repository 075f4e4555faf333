"""The command predict: what is printed for answers, notes and what was left out, and the exit status."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from support.common import Typed

from tuner.cli.predict import MOST_LEFT_OUT
from tuner.cli.prediction_output import JsonOutput, TableOutput
from tuner.data.spec import Column, DataSpec
from tuner.training.classifier import build_classifier
from tuner.training.prediction import Prediction
from tuner.training.saved_model import save_model

IMAGES = DataSpec(
    name="photos",
    task="image",
    shape=(3, 32, 32),
    classes=("cat", "dog"),
    mean=(128,) * 3,
    std=(60,) * 3,
    training_range=((0.3, 0.6), (0.1, 0.4), (0.1, 0.5)),
)
ROWS = replace(
    IMAGES,
    name="plants",
    task="tabular",
    shape=(1,),
    mean=(0,),
    std=(1,),
    columns=(Column(name="size"),),
    target="kind",
    training_range=((0, 5),),
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with untrained models of images and of rows, and two folders of images."""
    monkeypatch.chdir(tmp_path)
    for data, model, arguments in ((IMAGES, "lenet", {}), (ROWS, "lstm", {"hidden_size": 4})):
        weights = build_classifier(data, model, arguments).state_dict()
        save_model(tmp_path / data.name, data, model, arguments, weights)
    for name in ("new/cat/1", "new/dog/1"):
        pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        (tmp_path / name).parent.mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    return tmp_path


def test_a_folder_of_classes_is_answered_with_true_classes_and_accuracy(typed: Typed, here: Path) -> None:
    code, out, err = typed("predict", "photos", "new")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["sample", "class", "true", "class", "probability", "then"]
    assert [line.split()[0] for line in lines[1:3]] == ["new/cat/1.png", "new/dog/1.png"]
    assert [line.split()[2] for line in lines[1:3]] == ["cat", "dog"]
    assert lines[3:] == ["accuracy 0.5, 1 of 2 right (95 % interval: 0.1 to 0.9)"]


def test_what_is_unusual_or_left_out_is_told_on_stderr(typed: Typed, here: Path) -> None:
    Image.new("RGB", (32, 32), "white").save("page.png")
    code, out, err = typed("predict", "photos", "page.png", "no.png", "new/cat/1.png")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["page.png", "new/cat/1.png"]
    notes = err.splitlines()
    assert notes[0].startswith("note: 1 of 2 images: brighter than in training; such as page.png (brightness 100%")
    assert notes[1].startswith("note: 1 of 2 images: less contrast than in training; such as page.png")
    assert notes[2].startswith("note: 1 of 2 images: grey, where training had colours; such as page.png")
    assert notes[3:] == ["left out: no.png: No such file or directory"]


def test_json_is_a_list_with_true_classes_and_notes_where_there_are_some(typed: Typed, here: Path) -> None:
    (here / "new.csv").write_text("size,kind\n1,dog\n900,\nbig,cat\n2.5,cat\n")
    code, out, err = typed("predict", "plants", "new.csv", "--json")
    answers = json.loads(out)
    assert code == 1
    assert [answer["sample"] for answer in answers] == ["new.csv:2", "new.csv:3", "new.csv:5"]
    assert [answer.get("true_class") for answer in answers] == ["dog", None, "cat"]
    far = "a number far outside of what training held: 'size' is 900, in training 0 to 5"
    assert [answer.get("notes") for answer in answers] == [None, [far], None]
    assert "of 2 right (95 % interval: " in err
    assert "left out: new.csv:4: column 'size' must be a number, got 'big'" in err


def test_nothing_to_answer_is_one_line(typed: Typed, here: Path) -> None:
    for arguments in (["*.gif"], ["no.png", "--json"], ["photos"]):
        code, out, err = typed("predict", "photos", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith(f"error: {arguments[0]}: ")
        assert err.count("\n") == 1


def test_many_bad_rows_are_not_all_listed(typed: Typed, here: Path) -> None:
    (here / "new.csv").write_text("size\n1\n" + "2\n" * 100 + "big\n" * (MOST_LEFT_OUT + 3))
    code, _, err = typed("predict", "plants", "new.csv")
    assert code == 1
    assert err.count("left out: new.csv:") == MOST_LEFT_OUT
    assert err.splitlines()[-1] == f"left out: 3 more, {MOST_LEFT_OUT + 3} in all"


def test_explanations_go_into_a_folder_of_their_own(typed: Typed, here: Path) -> None:
    for _ in range(2):
        code, _, err = typed("predict", "photos", "new", "--explain")
        assert code == 0
        assert err.splitlines() == [
            "explained in explained/1-explained.png",
            "explained in explained/1-explained-2.png",
        ]
    assert sorted(path.name for path in (here / "explained").iterdir()) == ["1-explained-2.png", "1-explained.png"]


def predicted(name: str, truth: str | None = None) -> Prediction:
    return Prediction(name, {"b": 0.75, "a": 0.25}, truth)


def printed(width: int = 100) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=width), stream


def test_batches_make_one_table() -> None:
    console, stream = printed()
    output = TableOutput(console)
    for names in (["long-name.png", "x"], ["y"]):
        output.add([predicted(name) for name in names])
    output.end()
    lines = stream.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["sample", "long-name.png", "x", "y"]
    assert len({line.index("75.0%") for line in lines[1:]}) == 1


def test_a_narrow_terminal_folds_long_names_and_keeps_all_of_them() -> None:
    console, stream = printed(40)
    TableOutput(console).add([predicted("x" * 60)])
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    assert sum(line.count("x") for line in lines) == 60


def test_the_true_class_gets_its_column_when_it_comes() -> None:
    console, stream = printed()
    output = TableOutput(console)
    output.add([predicted("x")])
    output.add([predicted("y", "a")])
    output.add([predicted("z")])
    lines = [line.split() for line in stream.getvalue().splitlines()]
    assert [line[0] for line in lines] == ["sample", "x", "sample", "y", "z"]
    assert lines[3][:3] == ["y", "b", "a"]


def test_batches_make_one_list() -> None:
    console, stream = printed(20)
    output = JsonOutput(console)
    output.add([predicted("\udcff [bold]" + "x" * 40), predicted("y", "a")])
    output.add([predicted("z")])
    output.end()
    answers = json.loads(stream.getvalue())
    assert [answer["sample"][-1] for answer in answers] == ["x", "y", "z"]
    assert answers[0]["sample"].startswith("\udcff [bold]")
    assert answers[1] == {
        "sample": "y",
        "class": "b",
        "probability": 0.75,
        "probabilities": {"b": 0.75, "a": 0.25},
        "true_class": "a",
    }
