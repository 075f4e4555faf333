"""Exported files and ensembles are served like the models that they were made of, but for where they look."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from PIL import Image
from support.common import Typed
from support.exports import raw_samples
from support.serving import PHOTOS, REVIEWS, form, photos_model, reviews_model, running

from tuner.data.spec import DataSpec
from tuner.serving.agent.showing import make_predict
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.ensemble_model import Ensemble, Part, save_ensemble
from tuner.training.export_graph import make_program, output_name
from tuner.training.fused import quickened, soonest
from tuner.training.model_description import ModelDescription
from tuner.training.onnx_file import write_onnx
from tuner.training.open_model import open_model
from tuner.training.pt2_file import write_pt2
from tuner.training.saved_model import probabilities


def ensemble_of_photos(folder: Path) -> Path:
    """Of two untrained models of the same network."""
    parts = []
    for seed, share in ((1, 0.75), (2, 0.25)):
        place = photos_model(folder.parent / f"member-{seed}", seed)
        described = ModelDescription.load(place)
        parts.append(Part(described.model, described.arguments, open_model(place)[0].state_dict(), share))
    save_ensemble(folder, PHOTOS, parts)
    return folder


def exported(saved: Path, file: Path) -> Path:
    model, data = open_model(saved)
    program, record = make_program(model, data), ModelDescription.load(saved).to_text()
    if file.suffix == ".onnx":
        write_onnx(program, output_name(data), record, file)
    else:
        write_pt2(program, record, file)
    return file


def onnx_of_photos(folder: Path) -> Path:
    pytest.importorskip("onnxscript")
    return exported(photos_model(folder.parent / "saved"), folder.parent / "photos.onnx")


@cache  # torch.export takes seconds
def reviews_file() -> bytes:
    with TemporaryDirectory() as folder:
        return exported(reviews_model(Path(folder) / "saved"), Path(folder) / "reviews.pt2").read_bytes()


def pt2_of_reviews(folder: Path) -> Path:
    file = folder.parent / "reviews.pt2"
    file.write_bytes(reviews_file())
    return file


@pytest.mark.parametrize(
    ("make", "data", "name", "network", "why"),
    [
        (ensemble_of_photos, PHOTOS, "model", "ensemble of 2 cnn", "in an ensemble each model looks elsewhere"),
        pytest.param(
            *(onnx_of_photos, PHOTOS, "photos.onnx", "cnn", "an exported file gives its answers alone"),
            marks=pytest.mark.proof,
        ),
        (pt2_of_reviews, REVIEWS, "reviews.pt2", "bilstm_attention", "an exported file gives its answers alone"),
    ],
)
def test_it_answers_alone_and_together_and_says_that_it_explains_nothing(
    make: Callable[[Path], Path], data: DataSpec, name: str, network: str, why: str, tmp_path: Path
) -> None:
    place = make(tmp_path / "model")
    model, _ = open_model(place)
    if data.task == "image":
        raw = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
        sent, expected = raw.tolist(), probabilities(model, data, raw)
        file = io.BytesIO()
        Image.fromarray(raw[0]).save(file, "PNG")
        body, kind = form([("a.png", file.getvalue())])
    else:
        sent = ["good film", "film", "a film that is good"]
        expected = probabilities(model, data, sent)
        body, kind = form(texts=sent[:1])
    with running(place, tmp_path) as server:
        for rows in (slice(3), slice(1)):
            answer = server.invoke({"inputs": sent[rows]})
            assert answer.status == 200, answer.body
            found = [[row[each] for each in data.classes] for row in answer.json["predictions"]]
            assert np.allclose(found, expected[rows], atol=1e-5)
        card = server.ask("/card").json
        assert (card["name"], card["network"]) == (name, network)
        assert (card["explains"], card["unexplained"], card["scores"]) == (False, why, [])
        assert server.ask("/examples").json == []
        assert server.ask("/predict", body, kind).json["predictions"][0]["class"] in data.classes
        refused = server.ask("/predict?explain=true", body, kind)
        assert (refused.status, refused.message) == (400, f"explain: {why}")
        assert server.server.follows is False


def test_each_member_is_folded_and_the_answers_stay(tmp_path: Path) -> None:
    model, data = open_model(ensemble_of_photos(tmp_path / "model"))
    quick = quickened(model, data)
    assert isinstance(quick, Ensemble)
    assert isinstance(model, Ensemble)

    def norms(one: Ensemble) -> int:
        return sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in one.modules())

    assert norms(quick) < norms(model)
    inputs = raw_samples(data, 5)
    assert torch.allclose(soonest(model, data)(inputs), predict_logits(model, inputs), atol=1e-4)
    assert not [each for each in quick.members if not isinstance(each, Classifier)]


def test_an_agent_predicts_with_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_HOME", str(tmp_path))
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(tmp_path / "black.png")
    predict = make_predict(own=False)
    mixed = predict(str(ensemble_of_photos(tmp_path / "model")), [str(tmp_path / "black.png")])
    [said] = mixed.predictions
    assert sum(said.probabilities.values()) == pytest.approx(1)  # type: ignore[union-attr]
    texts = predict(str(pt2_of_reviews(tmp_path / "x")), texts=["good film", "film"])
    assert texts.total == 2


def test_a_file_that_is_not_there_or_is_damaged_is_said(tmp_path: Path, typed: Typed) -> None:
    (tmp_path / "broken.pt2").write_bytes(b"none")
    for name, words in {"none.onnx": "there is no file none.onnx: tuner export", "broken.pt2": "broken.pt2"}.items():
        code, out, err = typed("serve", name, "--port", "0")
        assert (code, out) == (2, ""), err
        assert words in err
        assert err.count("\n") == 1
