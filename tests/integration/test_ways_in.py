"""The registered model gives `tuner predict`'s probabilities, however a table comes: by pandas, or MLflow's server."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from numpy.typing import NDArray
from support.common import BIN, free_port
from support.processes import end, start, wait_until
from support.table_kinds import KINDS, PANDAS, ROWS, write_table

from tuner.core import catalog
from tuner.data.encoding import to_raw
from tuner.data.spec import Splits
from tuner.tracking.registry import Candidate, register
from tuner.tracking.store import Store
from tuner.training.classifier import build_classifier
from tuner.training.prediction import predict
from tuner.training.samples import SampleReader
from tuner.training.saved_model import load_model, save_model

CLASSES = ["good" if row % 2 else "bad" for row in range(ROWS)]
MISSING = f"^missing values in {ROWS} rows, for which the mean of training is taken: "
KEPT = {name: cells for name, cells in KINDS.items() if name != "big"}  # a column less for JSON, which rounds it


@dataclass(frozen=True)
class Served:
    """A registered model of a table with a column of each kind."""

    loaded: Any
    """As mlflow.pyfunc loads it."""
    text: str
    """A file of new rows."""
    expected: NDArray[np.float32]
    """What `tuner predict` says of them."""
    folder: Path
    """The logged model."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Served:
    folder = tmp_path_factory.mktemp("ways")
    shutil.copyfile(database, folder / "mlflow.db")
    store = Store.of(folder)
    splits: Splits = catalog.read_format("csv", write_table(folder / "train.csv", KEPT, CLASSES), "class")
    assert [column.name for column in splits.spec.columns] == list(KEPT), splits.notes
    torch.manual_seed(0)
    model = build_classifier(splits.spec, "lstm", {"hidden_size": 8})
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(3)  # so that each column shows in the probabilities
    save_model(folder / "model", splits.spec, "lstm", {"hidden_size": 8}, model.state_dict())
    client = MlflowClient(store.uri, store.uri)
    experiment = client.create_experiment("ways", str(store.artifacts))
    uri = register(
        store.uri,
        Candidate(
            name="ways",
            sweep="ways",
            uid="ways",
            run_id=client.create_run(experiment).info.run_id,
            folder=folder / "model",
            data=splits.spec,
            example=to_raw(splits.spec, splits.test.inputs[:2]),
            score=0.9,
            test_data="abc",
        ),
    )
    mlflow.set_tracking_uri(store.uri)
    path = write_table(folder / "new.csv", KEPT)
    return Served(
        loaded=mlflow.pyfunc.load_model(uri),
        text=path.read_text(encoding="utf-8"),
        expected=of_cli(folder / "model", path),
        folder=Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder / "logged"))),
    )


def of_cli(model: Path, path: Path) -> NDArray[np.float32]:
    """(rows, classes) probabilities as `tuner predict` gives them."""
    classifier, data = load_model(model)
    answers = [answer for rows in SampleReader(data, [str(path)]) for answer in predict(classifier, data, rows)]
    assert len(answers) == ROWS
    return np.array([[answer.probabilities[name] for name in data.classes] for answer in answers], dtype=np.float32)


@pytest.mark.parametrize("way", PANDAS)
def test_pandas_gives_the_probabilities_of_the_file(served: Served, way: str) -> None:
    assert served.expected.std(axis=0).min() > 0.01
    with pytest.warns(UserWarning, match=MISSING):
        found = served.loaded.predict(PANDAS[way](served.text))
    assert np.allclose(found, served.expected, atol=1e-6)


def test_a_category_that_training_did_not_know_is_told(served: Served) -> None:
    rows = pd.read_csv(io.StringIO(served.text)).assign(category=["purple"] * 3 + ["red"] * (ROWS - 3))
    told = f"'category': 3 of {ROWS} cells have a category that training did not know, such as 'purple'$"
    with pytest.warns(UserWarning, match=told), pytest.warns(UserWarning, match=MISSING):
        served.loaded.predict(rows)


class Server(NamedTuple):
    """A scoring server that runs."""

    address: str
    log: Path


@pytest.fixture(scope="module")
def server(served: Served, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """MLflow's own scoring server, as `mlflow models serve` starts it."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(served.folder)]
    command += ["--env-manager=local", "--host=127.0.0.1", f"--port={port}", "--workers=1"]
    path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}  # it starts uvicorn by name
    process = start(command, folder=folder, environment=environment | path, output=folder / "log", leader=True)
    try:
        ready = wait_until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=10).status, process)
        assert ready, (folder / "log").read_text(encoding="utf-8")
        yield Server(f"http://127.0.0.1:{port}/invocations", folder / "log")
    finally:
        end(process, group=True)


def ask(server: Server, body: bytes, kind: str = "application/json") -> NDArray[np.float64]:
    request = urllib.request.Request(server.address, body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=60) as answer:
        rows = json.load(answer)["predictions"]
    return np.array([[row["bad"], row["good"]] for row in rows])


def _json(form: str, frame: pd.DataFrame) -> bytes:
    if form in ("dataframe_split", "dataframe_records"):
        value = json.loads(frame.to_json(orient=form.removeprefix("dataframe_"), double_precision=15))
    else:
        value = json.loads(frame.to_json(orient="records", double_precision=15))
        value = {name: [row[name] for row in value] for name in frame} if form == "inputs" else value
    return json.dumps({form: value}).encode()


BODIES: dict[str, Callable[[str], bytes]] = {
    f"{form} of {way}": lambda text, form=form, way=way: _json(form, PANDAS[way](text))  # type: ignore[misc]
    for form in ("dataframe_split", "dataframe_records", "inputs", "instances")
    for way in ("read_csv", "as text", "without missing words")
}


@pytest.mark.parametrize("body", BODIES)
def test_the_server_gives_the_probabilities_of_the_file_for_json(served: Served, server: Server, body: str) -> None:
    assert np.allclose(ask(server, BODIES[body](served.text)), served.expected, atol=1e-6)


def test_the_server_gives_the_probabilities_of_the_file_for_csv(served: Served, server: Server) -> None:
    assert np.allclose(ask(server, served.text.encode(), "text/csv"), served.expected, atol=1e-6)
    parquet = pd.read_csv(io.StringIO(served.text)).to_parquet()
    assert np.allclose(ask(server, parquet, "application/vnd.apache.parquet"), served.expected, atol=1e-6)


def test_the_server_tells_what_is_unknown_and_refuses_what_it_cannot_read(served: Served, server: Server) -> None:
    rows = pd.read_csv(io.StringIO(served.text))
    ask(server, _json("dataframe_split", rows.assign(category=["purple"] + ["red"] * (ROWS - 1))))
    with pytest.raises(HTTPError) as refused:
        ask(server, _json("dataframe_split", rows.assign(whole=["many"] + [1] * (ROWS - 1))))
    assert refused.value.code == 400
    assert "row 0: column 'whole' must be a number, got 'many'" in json.load(refused.value)["message"]
    log = server.log.read_text(encoding="utf-8")
    assert "'category': 1 of 60 cells have a category that training did not know, such as 'purple'" in log
