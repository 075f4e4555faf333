"""The model registry: versions, and the model that is stored, in a real store."""

from __future__ import annotations

import base64
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from mlflow.pyfunc.scoring_server import invocations
from PIL import Image
from support.common import make_record
from support.made_up_scores import made_up_winner

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.encoding import to_raw
from tuner.data.spec import DataSpec
from tuner.tracking.registry import Candidate, register
from tuner.tracking.store import Store
from tuner.tracking.versions import Versions
from tuner.tracking.winners import log_winner
from tuner.training.classifier import build_classifier
from tuner.training.prediction import predict
from tuner.training.samples import SampleReader
from tuner.training.saved_model import probabilities, save_model


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Store:
    home = tmp_path_factory.mktemp("home")
    shutil.copyfile(database, home / "mlflow.db")
    return Store.of(home)


def candidate(store: Store, folder: Path, name: str, accuracy: float) -> Candidate:
    """A model of breast_cancer, untrained: what is tested is the registry."""
    client = MlflowClient(store.uri, store.uri)
    found = client.get_experiment_by_name("e")
    experiment = found.experiment_id if found else client.create_experiment("e", str(store.artifacts))
    splits = catalog.load("datasets", "breast_cancer").load(folder)
    torch.manual_seed(0)
    model = build_classifier(splits.spec, "lstm", {"hidden_size": 4})
    save_model(folder / "model", splits.spec, "lstm", {"hidden_size": 4}, model.state_dict())
    return Candidate(
        name=name,
        sweep=name,
        uid=f"{name}-{accuracy}",
        run_id=client.create_run(experiment).info.run_id,
        folder=folder / "model",
        data=splits.spec,
        example=splits.validation.inputs[:2].numpy(),
        score=accuracy,
        test_data="abc",
    )


def test_a_sweep_registers_once_however_often_it_comes_to_its_end(store: Store, tmp_path: Path) -> None:
    new = candidate(store, tmp_path, "once", 0.9)
    assert register(store.uri, new) == register(store.uri, new) == "models:/once/1"
    assert len(Versions(store.uri, "once").all()) == 1


def test_a_sweep_that_has_grown_registers_its_new_winner_once(store: Store, tmp_path: Path) -> None:
    """Versions and logged models of earlier versions of tuner do not say which trial they are of."""
    first = replace(candidate(store, tmp_path, "grown", 0.9), trial=3)
    assert register(store.uri, first) == "models:/grown/1"
    client = MlflowClient(store.uri, store.uri)
    experiment = client.get_run(first.run_id).info.experiment_id

    def logged() -> list[str]:
        of_run = client.search_logged_models([experiment], f"source_run_id = '{first.run_id}'")
        return [model.model_id for model in of_run if model.status == "READY"]

    def log(number: int, before: int, luck: float) -> None:
        epoch = {1: {"val_accuracy": 0.9, "val_loss": 0.1, "time": 1000.0 + number}}
        winner = made_up_winner(make_record(number, "COMPLETE", epoch), tested_before=before, val_luck=luck)
        log_winner(store.uri, first.run_id, winner, "digits-cnn")

    log(3, 0, 0.02)
    client.delete_model_version_tag("grown", "1", "tuner.best_trial")
    client.delete_logged_model_tag(logged()[0], "tuner.best_trial")
    assert register(store.uri, first) == "models:/grown/1"
    for _ in range(2):
        log(3, 0, 0.01)  # the same winner, of more trials
    luck = client.get_metric_history(first.run_id, "best_val_luck")
    assert [(metric.value, metric.step) for metric in luck] == [(0.02, 0), (0.01, 0)]
    log(5, 1, 0.03)
    metrics = client.get_run(first.run_id).data.metrics
    assert (metrics["best_val_luck"], metrics["earlier_tested"], metrics["confirm_seeds"]) == (0.03, 1, 0)
    second = replace(first, trial=5, tested_before=1)
    assert register(store.uri, second) == register(store.uri, second) == "models:/grown/2"
    third = replace(first, trial=8, tested_before=2)
    assert register(store.uri, third) == register(store.uri, third) == "models:/grown/3"
    assert register(store.uri, second) == "models:/grown/2"
    sources = [client.get_model_version("grown", number).source for number in "123"]
    assert len(logged()) == 3
    assert all(sum(model in source for source in sources) == 1 for model in logged())


def test_the_stored_model_says_what_it_takes_and_gives(store: Store, tmp_path: Path) -> None:
    new = candidate(store, tmp_path, "served", 0.9)
    uri = register(store.uri, new)
    mlflow.set_tracking_uri(store.uri)
    loaded = mlflow.pyfunc.load_model(uri)
    predicted = loaded.predict(new.example)
    assert list(predicted.columns) == ["malignant", "benign"]
    assert predicted.shape == (2, 2)
    assert loaded.metadata.metadata["shape"] == [30]
    torch.manual_seed(0)
    same = build_classifier(new.data, "lstm", {"hidden_size": 4})
    assert np.allclose(predicted.to_numpy(), probabilities(same, new.data, new.example), atol=1e-6)
    with pytest.raises(
        TunerError, match=r"^samples of shape \(29,\) for a model of breast_cancer, which takes \(30,\)$"
    ):
        loaded.predict(new.example[:, :29])


def test_a_model_of_a_table_takes_rows_by_the_names_of_their_columns(store: Store, tmp_path: Path) -> None:
    new = candidate(store, tmp_path, "rows", 0.9)
    inputs = torch.from_numpy(new.example)
    rows = to_raw(new.data, inputs)
    assert isinstance(rows, pd.DataFrame)
    new = replace(new, example=rows)
    mlflow.set_tracking_uri(store.uri)
    loaded = mlflow.pyfunc.load_model(register(store.uri, new))
    assert loaded.metadata.metadata["columns"] == [column.name for column in new.data.columns]
    shuffled = rows[list(reversed(rows.columns))]
    torch.manual_seed(0)
    same = build_classifier(new.data, "lstm", {"hidden_size": 4}).eval()
    assert np.allclose(loaded.predict(shuffled).to_numpy(), probabilities(same, new.data, inputs.numpy()), atol=1e-6)
    with pytest.raises(TunerError, match=r"there is no column 'mean radius'"):
        loaded.predict(rows.drop(columns="mean radius"))


def test_a_model_of_texts_takes_sentences(store: Store, tmp_path: Path) -> None:
    data = DataSpec(
        name="t", task="text", shape=(6,), classes=("bad", "good"), mean=(), std=(), vocabulary=("film", "good")
    )
    model = build_classifier(data, "lstm", {"hidden_size": 4}).eval()
    save_model(tmp_path / "model", data, "lstm", {"hidden_size": 4}, model.state_dict())
    example = to_raw(data, torch.tensor([[3, 2, 1, 0, 0, 0]]))
    assert example["text"].tolist() == ["good film [?]"]
    new = replace(candidate(store, tmp_path / "other", "texts", 0.9), data=data, folder=tmp_path / "model")
    new = replace(new, example=example)
    mlflow.set_tracking_uri(store.uri)
    loaded = mlflow.pyfunc.load_model(register(store.uri, new))
    sentences = ["A good film!", "never again"]
    predicted = loaded.predict(pd.DataFrame({"text": sentences}))
    assert list(predicted.columns) == ["bad", "good"]
    assert np.allclose(predicted.to_numpy(), probabilities(model, data, sentences), atol=1e-6)


def test_a_model_of_images_gives_the_probabilities_of_their_files(store: Store, tmp_path: Path) -> None:
    data = DataSpec(name="p", task="image", shape=(3, 8, 8), classes=("a", "b"), mean=(99.0,) * 3, std=(50.0,) * 3)
    torch.manual_seed(0)
    model = build_classifier(data, "cnn", {"width": 0.125}).eval()
    save_model(tmp_path / "model", data, "cnn", {"width": 0.125}, model.state_dict())
    pixels = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, image in zip(paths, pixels, strict=True):
        Image.fromarray(image).save(path)
    names = [str(path) for path in paths]
    [samples] = SampleReader(data, names)
    answers = predict(model, data, samples)
    expected = np.array([[answer.probabilities[name] for name in data.classes] for answer in answers])
    new = replace(candidate(store, tmp_path / "other", "images", 0.9), data=data, folder=tmp_path / "model")
    new = replace(new, example=np.zeros((1, 3, 8, 8), dtype=np.uint8))
    mlflow.set_tracking_uri(store.uri)
    loaded = mlflow.pyfunc.load_model(register(store.uri, new))
    contents = [path.read_bytes() for path in paths]
    for form in (
        names,
        paths,
        contents,
        [Image.open(io.BytesIO(content)) for content in contents],
        pixels,
        pd.DataFrame({"image": contents}),
    ):
        assert np.array_equal(loaded.predict(form).to_numpy(), expected.astype(np.float32))
    texts = [base64.b64encode(content).decode() for content in contents]
    bodies = [{"inputs": texts}, {"dataframe_split": {"columns": ["image"], "data": [[text] for text in texts]}}]
    bodies += [{"dataframe_records": [{"image": text} for text in texts]}, {"inputs": {"image": texts}}]
    for body in bodies:
        answer = invocations(json.dumps(body), "application/json", loaded, loaded.metadata.get_input_schema())
        found = [list(row.values()) for row in json.loads(answer.response)["predictions"]]
        assert np.allclose(found, expected, atol=1e-6)


def test_nothing_in_the_stored_model_is_a_pickle(store: Store, tmp_path: Path) -> None:
    register(store.uri, candidate(store, tmp_path, "files", 0.9))
    assert store.artifacts is not None
    stored = list(Path(store.artifacts.removeprefix("file://")).rglob("*"))
    assert any(path.name == "weights.safetensors" for path in stored)
    assert not [path for path in stored if path.suffix in (".pkl", ".pickle", ".pt", ".pth", ".bin")]
