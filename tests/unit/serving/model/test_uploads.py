"""/predict: files, texts and rows, as `tuner predict` reads them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.serving import (
    CSV,
    PHOTOS,
    TEXT,
    Running,
    form,
    photos_model,
    reviews_model,
    running,
    save_untrained,
    table_model,
)

from tuner.data.column import Column, NumberTarget
from tuner.data.spec import DataSpec
from tuner.training.prediction import predict
from tuner.training.samples import SampleReader
from tuner.training.saved_model import load_model


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    with running(photos_model(home / "model"), home, most_samples=20, most_explained=2, most_pixels=100_000) as found:
        yield found


def picture(seed: int, size: int = 20) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_files_are_answered_as_the_command_predict_does(photos: Running, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(picture(number))
    model, data = load_model(photos.server.current.place)
    [samples] = SampleReader(data, list(map(str, paths)))
    expected = [each.to_json() for each in predict(model, data, samples)]
    body, kind = form([(f"dir/{path.name}", path.read_bytes()) for path in paths])
    answer = photos.ask("/predict", body, kind)
    assert answer.status == 200, answer.body
    found = answer.json["predictions"]
    assert [each["sample"] for each in found] == ["0.png", "1.png", "2.png"]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours["class"] == theirs["class"]
        assert ours["probabilities"] == pytest.approx(theirs["probabilities"], abs=1e-6)
    alone = photos.ask("/predict", paths[0].read_bytes(), "image/png").json
    assert alone["predictions"][0]["probabilities"] == pytest.approx(expected[0]["probabilities"], abs=1e-6)
    assert (alone["model"], alone["left_out"]) == ("model", [])


def test_a_broken_file_leaves_the_others(photos: Running) -> None:
    body, kind = form([("good.png", picture(0)), ("<b>.png", b"nothing"), ("empty.png", b"")])
    answer = photos.ask("/predict", body, kind).json
    assert [each["sample"] for each in answer["predictions"]] == ["good.png"]
    assert sorted(line.partition(":")[0] for line in answer["left_out"]) == ["<b>.png", "empty.png"]
    assert "/" not in "".join(answer["left_out"])  # no path of this machine


def test_where_the_model_looks_is_two_pictures(photos: Running) -> None:
    answer = photos.ask("/predict?explain=true", picture(0), "image/png")
    assert answer.status == 200, answer.body
    explanation = answer.json["predictions"][0]["explanation"]
    seen, heat = (Image.open(io.BytesIO(base64.b64decode(explanation[name]))) for name in ("seen", "heat"))
    assert (seen.size, seen.mode) == ((8, 8), "RGB")
    assert (heat.size, heat.mode) == ((8, 8), "RGBA")
    assert np.asarray(heat)[:, :, 3].max() == round(0.8 * 255)  # the warmest place
    body, kind = form([(str(number), picture(number)) for number in range(3)])
    assert photos.ask("/predict?explain=true", body, kind).status == 413


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b"", "image/png", 400, "empty"),
        (b"GIF89a", "image/gif", 400, "image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 400, ""),
        (b"a text", TEXT, 400, ""),
        (b"{}", "application/json", 415, "multipart/form-data"),
        (b"x", "application/x-www-form-urlencoded", 415, "send multipart"),
        (b"x", "", 415, "is missing"),
        (b"x", "multipart/form-data", 400, "form"),
        (b"x", "multipart/form-data; boundary=y", 400, ""),
        (form(texts=["a"]), "", 400, "not texts"),
        (form(), "", 400, "nothing was sent: this model takes image files"),
        (form([("a.png", picture(0, 300)), ("b.png", picture(1, 200))]), "", 413, "130,000 pixels"),
        (form([("a.png", b"x")] * 21), "", 400, "Too many files"),
    ],
)
def test_what_cannot_be_read_is_refused(photos: Running, body: object, kind: str, status: int, words: str) -> None:
    if isinstance(body, tuple):
        body, kind = body
    assert isinstance(body, bytes)
    answer = photos.ask("/predict", body, kind)
    assert answer.status == status, answer.body
    assert words in answer.message


def test_texts_come_in_fields_lines_or_tables_and_words_are_marked(tmp_path: Path) -> None:
    with running(reviews_model(tmp_path / "model"), tmp_path) as server:
        body, kind = form(texts=["a good film", "bad"])
        first = server.ask("/predict?explain=1", body, kind)
        assert first.status == 200, first.body
        words = [word for word, _ in first.json["predictions"][0]["explanation"]["words"]]
        assert words == ["[?]", "good", "film"]
        lines = server.ask("/predict", "a good film\n\nbad\n", TEXT).json
        assert [each["sample"] for each in lines["predictions"]] == ["texts.txt:1", "texts.txt:3"]
        table = server.ask("/predict", "id,text\n1,a good film\n2,bad\n", CSV).json
        for other in (lines, table):
            for ours, theirs in zip(other["predictions"], first.json["predictions"], strict=True):
                assert ours["probabilities"] == pytest.approx(theirs["probabilities"], abs=1e-6)
        assert server.ask("/predict", b"\x1f\x8b" + b"x" * 20, CSV).status == 415
        assert server.ask("/predict", b"\xff\xfe", TEXT).status == 400


def test_rows_are_found_by_the_names_of_their_columns_and_bad_ones_left_out(tmp_path: Path) -> None:
    with running(table_model(tmp_path / "model"), tmp_path, most_samples=3) as server:
        names = [column.name for column in server.server.current.data.columns]
        good, bad = ",".join(["1.5"] * 30), ",".join(["1.5"] * 29 + ["a lot"])
        head = ",".join(names)
        answer = server.ask("/predict", f"{head}\n{good}\n{bad}\n", CSV)
        assert answer.status == 200, answer.body
        assert [each["sample"] for each in answer.json["predictions"]] == ["rows.csv:2"]
        assert answer.json["left_out"][0].startswith("rows.csv:3: ")
        assert server.ask("/predict?explain=true", f"{head}\n{good}\n", CSV).status == 400
        assert server.ask("/predict", "\n".join([head, *[good] * 4]), CSV).status == 413
        short = server.ask("/predict", "a,b\n1,2\n", CSV)
        assert (short.status, "there are no columns" in short.message) == (400, True)


def test_a_number_is_answered_with_its_unit(tmp_path: Path) -> None:
    data = DataSpec(
        name="houses",
        task="tabular",
        shape=(1,),
        classes=(),
        mean=(0.0,),
        std=(1.0,),
        columns=(Column(name="area"),),
        target="price",
        number=NumberTarget(column=Column(name="price", fill=100.0, unit="EUR"), std=10.0),
    )
    with running(save_untrained(tmp_path / "model", data, "mlp"), tmp_path) as server:
        said = server.ask("/predict", "area\n1.5\n", CSV).json["predictions"][0]
        assert (said["target"], said["unit"], said["sample"]) == ("price", "EUR", "rows.csv:2")
        row = server.invoke({"dataframe_split": {"columns": ["area"], "data": [[1.5]]}}).json["predictions"][0]
        assert row == {"price": pytest.approx(said["number"])}
        card = server.ask("/card").json
        assert card["number"] == {"name": "price", "unit": "EUR"}


def test_the_card_says_what_the_model_takes(photos: Running) -> None:
    card = photos.ask("/card").json
    assert card["classes"] == list(PHOTOS.classes)
    assert (card["task"], card["shape"], card["data"], card["network"]) == ("image", [3, 8, 8], "photos", "cnn")
    assert card["explains"] is True
    assert photos.ask("/examples").json == []
