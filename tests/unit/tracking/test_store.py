"""Where a sweep is tracked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support.dataset_files import serve

from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.tracking.store import Store

LOGIN = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:secret@127.0.0.1:9/mlflow")
    store = Store.of(tmp_path)
    assert store.address == "http://127.0.0.1:9/mlflow"
    with pytest.raises(TunerError) as refused:
        store.check()
    assert "secret" not in str(refused.value)


def test_a_login_in_the_address_moves_to_the_variables_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in LOGIN:
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ann%40team:a%2Fb@host:5/x")
    prepare_environment()
    assert Store.of(tmp_path).uri == "https://host:5/x"
    assert [os.environ[name] for name in LOGIN] == ["ann@team", "a/b"]


def test_a_token_that_cannot_be_sent_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "sec\nret")
    with pytest.raises(TunerError, match="MLFLOW_TRACKING_TOKEN has an invalid character") as refused:
        Store(uri="http://127.0.0.1:9", artifacts=None).check()
    assert "sec" not in str(refused.value)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://127.0.0.1:9", "no MLflow server answers there: .*Connection refused"),
        ("postgresql+psycopg://ann:secret@127.0.0.1:9/x", "no database answers there: .*Connection refused"),
        ("localhost:5000", "it must begin with http:// or https://"),
    ],
)
def test_a_store_that_does_not_answer_is_named_with_the_reason(uri: str, reason: str) -> None:
    with pytest.raises(TunerError, match=reason) as refused:
        Store(uri=uri, artifacts=None).check()
    assert str(refused.value).startswith("MLFLOW_TRACKING_URI=")
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_mlflow_is_told_apart(tmp_path: Path) -> None:
    with serve(tmp_path / "served") as server, pytest.raises(TunerError, match=r"the answer is 404 .*, not MLflow's"):
        Store(uri=server.url, artifacts=None).check()


@pytest.mark.parametrize("name", ["with space", """it's a "home"\nof mine [1]"""])
def test_the_embedded_store_lies_in_the_home_folder_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """MLflow writes the working folder into an SQL statement as it is."""
    home = tmp_path / name
    home.mkdir()
    monkeypatch.chdir(home)
    store = Store.of(home)
    store.check()
    store.prepare()
    client = MlflowClient(store.uri)
    made = client.create_experiment("mine", artifact_location=f"{store.artifacts}/mine")
    run = client.create_run(made).info
    client.log_text(run.run_id, "here", "it is.txt")
    assert len(list((home / "artifacts/mine").rglob("it is.txt"))) == 1
    assert {path.name for path in home.iterdir()} == {"mlflow.db", ".mlflow.lock", "artifacts"}
    assert store.address == f"sqlite:///{home}/mlflow.db"
