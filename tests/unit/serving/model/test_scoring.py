"""/invocations: MLflow's protocol, and what is refused."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.serving import CSV, JSON, PHOTOS, TEXT, Running, photos_model, reviews_model, running, table_model

from tuner.training.saved_model import load_model, probabilities


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    with running(photos_model(home / "model"), home, most_bytes=200_000, most_samples=50) as found:
        yield found


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    with running(reviews_model(home / "model"), home) as found:
        yield found


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    with running(table_model(home / "model"), home) as found:
        yield found


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_an_array_of_pixels_and_a_file_in_base64_have_the_answers_of_the_model(photos: Running) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    model, data = load_model(photos.server.current.place)
    expected = probabilities(model, data, pixels)
    texts = [base64.b64encode(png(image)).decode() for image in pixels]
    for body in (
        {"inputs": pixels.tolist()},
        {"instances": pixels.tolist()},
        {"inputs": texts},
        {"dataframe_records": [{"image": text} for text in texts]},
        {"dataframe_split": {"columns": ["image"], "data": [[text] for text in texts]}},
    ):
        answer = photos.invoke(body)
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == JSON
        found = [list(row.values()) for row in answer.json["predictions"]]
        assert list(answer.json["predictions"][0]) == list(PHOTOS.classes)
        assert np.allclose(found, expected, atol=1e-6)
    said = photos.invoke({"inputs": pixels.tolist(), "params": {"decide": True}}).json["predictions"]
    assert [row["class"] for row in said] == [PHOTOS.classes[index] for index in expected.argmax(1)]


def test_texts_and_rows_are_taken_in_each_form(reviews: Running, rows: Running) -> None:
    first = reviews.invoke({"inputs": ["a good film", "bad"]})
    second = reviews.ask("/invocations", "text\na good film\nbad\n", CSV)
    assert first.status == second.status == 200
    assert np.allclose(
        [list(row.values()) for row in first.json["predictions"]],
        [list(row.values()) for row in second.json["predictions"]],
    )
    names = [column.name for column in rows.server.current.data.columns]
    row = {name: float(number) for number, name in enumerate(names)}
    csv = f"{','.join(names)}\n{','.join(map(str, row.values()))}\n"
    answers = [rows.invoke({"dataframe_records": [row]}), rows.ask("/invocations", csv, f"{CSV}; charset=utf-8")]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    missing = rows.invoke({"dataframe_records": [{"x": 1}]})
    assert missing.status == 400
    assert "mean radius" in missing.message


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b"{", JSON, 400, "valid JSON"),
        (b"\xff\xfe", JSON, 400, "JSON"),
        (b"[1, 2]", JSON, 400, "Received a list"),
        (b"{}", JSON, 400, "exactly one of the input fields"),
        (b'{"inputs": [1], "instances": [2]}', JSON, 400, "exactly one of the input fields"),
        (b'{"inputs": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", JSON, 400, "recursion"),
        (b'{"inputs": [' + b"9" * 5000 + b"]}", JSON, 400, "limit"),
        (b'{"inputs": [[1], [1, 2]]}', JSON, 400, ""),
        (b'{"inputs": [[[NaN]]]}', JSON, 400, "pixels"),
        (b'{"inputs": ["/etc/passwd"]}', JSON, 400, "base64"),
        (b'{"inputs": ["aGVsbG8="]}', JSON, 400, ""),
        (b'{"inputs": {"a": 1}, "params": 3}', JSON, 400, ""),
        (b'{"inputs": [' + b"0," * 60 + b"0]}", JSON, 413, "50 in a request"),
        (b"\xff", CSV, 400, "utf-8"),
        (b"", CSV, 400, "No columns"),
        (b"", JSON, 400, "JSON"),
        (b"x", TEXT, 415, "Content-Type text/plain"),
        (b"x", "application/vnd.apache.parquet", 415, "send application/json or text/csv"),
        (b"{}", "application/json; charset=latin-1", 415, "send UTF-8"),
        (b"x" * 200_001, JSON, 413, "the limit of a request is 0.2 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    photos: Running, body: bytes, kind: str, status: int, words: str
) -> None:
    answer = photos.ask("/invocations", body, kind)
    assert answer.status == status, answer.body
    assert set(answer.json) == {"error_code", "message"}
    assert words in answer.message
    assert len(answer.message) <= 510
    assert "\n" not in answer.message


def test_a_body_without_a_length_is_not_read_beyond_the_limit(photos: Running) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 50_000

    answer = photos.ask("/invocations", pieces(), JSON)  # type: ignore[arg-type]  # sent in chunks
    assert answer.status == 413


def test_the_pixels_of_all_files_of_a_request_are_limited(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("L", (2000, 2000)).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    with running(photos_model(tmp_path / "model"), tmp_path, most_pixels=10_000_000) as server:
        assert server.invoke({"inputs": [text] * 2}).status == 200
        answer = server.invoke({"inputs": [text] * 3})
        assert answer.status == 400
        assert "more than the limit of 10,000,000 in all" in answer.message


def test_no_samples_have_no_answers(photos: Running, reviews: Running, rows: Running) -> None:
    names = ",".join(column.name for column in rows.server.current.data.columns)
    for answer in (
        photos.invoke({"inputs": []}),
        reviews.ask("/invocations", "text\n", CSV),
        reviews.ask("/invocations", b"\x00", CSV),
        rows.ask("/invocations", f"{names}\n", CSV),
    ):
        assert (answer.status, answer.json) == (200, {"predictions": []})


def test_ping_and_version_are_those_of_mlflow(photos: Running) -> None:
    import mlflow

    for path in ("/ping", "/health"):
        answer = photos.ask(path)
        assert (answer.status, answer.body) == (200, b"\n")
    assert photos.ask("/version").body.decode() == mlflow.__version__
    missing = photos.ask("/nothing")
    assert (missing.status, missing.json["error_code"]) == (404, "NOT_FOUND")
    assert photos.ask("/invocations").status == 405


def test_metrics_tell_requests_batches_and_the_model(photos: Running) -> None:
    photos.invoke({"inputs": np.zeros((2, 8, 8, 3), dtype=int).tolist()})
    text = photos.ask("/metrics").body.decode()
    assert 'tuner_requests_total{route="/invocations",status="200"}' in text
    assert 'tuner_request_seconds_bucket{le="0.001",route="/invocations"}' in text
    assert "tuner_batch_samples_bucket" in text
    assert 'tuner_model{model="model",sweep="",version=""} 1.0' in text
    photos.ask("/" + "x" * 50)
    assert "xxx" not in photos.ask("/metrics").body.decode()  # no series of its own for whatever is asked


def test_openapi_names_the_routes_and_its_page_asks_nobody_else(photos: Running) -> None:
    api = json.loads(photos.ask("/openapi.json").body)
    assert {"/invocations", "/predict", "/ping", "/health", "/version", "/card", "/metrics"} <= set(api["paths"])
    assert "multipart/form-data" in api["paths"]["/predict"]["post"]["requestBody"]["content"]
    for path in ("/", "/docs"):
        page = photos.ask(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert b"http:" not in page.body
        assert b"https:" not in page.body


def test_the_examples_of_openapi_are_answered(photos: Running, reviews: Running, rows: Running) -> None:
    for server in (photos, reviews, rows):
        said = server.ask("/openapi.json").json["paths"]["/invocations"]["post"]["requestBody"]["content"]
        bodies = [example["value"] for example in said[JSON]["examples"].values()]
        assert len(bodies) == 3
        answers = [server.invoke(body) for body in bodies] + [server.ask("/invocations", said[CSV]["example"], CSV)]
        assert [answer.status for answer in answers] == [200] * 4
