"""What MLFLOW_TRACKING_URI may name, and what is refused before anything trains."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.odd_servers import API, PAGE, mlflow_answers, odd_server

from tuner.core.environment import DEFAULTS
from tuner.core.errors import TunerError
from tuner.tracking import write_check
from tuner.tracking.store import Store
from tuner.tracking.store_check import UnreachableError
from tuner.tracking.write_check import check_writable

NO_RIGHT = {"error_code": "PERMISSION_DENIED", "message": "Permission denied"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in DEFAULTS.items():
        if name.startswith("MLFLOW_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(write_check, "PATIENCE_S", 0.0)


def refusal(uri: str) -> str:
    """The line, without the address."""
    with pytest.raises(TunerError) as refused:
        Store(uri=uri, artifacts=None).check()
    prefix, _, reason = str(refused.value).partition(f"={uri}: ")
    assert prefix == "MLFLOW_TRACKING_URI"
    assert "\n" not in reason
    return reason


@pytest.mark.parametrize(("uri", "reason"), [
    ("databricks", "Databricks names experiments by paths, and cannot be used"),
    ("databricks://mine", "Databricks names experiments by paths, and cannot be used"),
    ("uc:mine", "Databricks names experiments by paths, and cannot be used"),
    ("databricks-uc", "Databricks names experiments by paths, and cannot be used"),
    ("htp://host:5000", "it must begin with http:// or https://"),
    ("http:/host:5000", "it must begin with http:// or https://"),
    ("http://", "it is not a valid address: write http://HOST:PORT"),
    ("http://host:port", "it is not a valid address: write http://HOST:PORT"),
    ("http://host:", "it is not a valid address: write http://HOST:PORT"),
    ("http://127.0.0.1:9/#/experiments/3", "leave out what follows #: http://127.0.0.1:9/"),
    ("http://no-such-host.invalid:5000", "there is no machine called no-such-host.invalid: "),
    ("mysql+nothing://127.0.0.1/x", "it is no address of a database: Can't load plugin"),
    ("file:///tmp/mlruns", "MLflow no longer keeps runs in folders"),
    ("./mlruns", "MLflow no longer keeps runs in folders"),
    ("sqlite://mlflow.db", "it names no file: write sqlite:///mlflow.db"),
    ("sqlite:///", "it names no file: write sqlite:///mlflow.db"),
    ("sqlite:///:memory:", "in memory nothing is kept: write sqlite:///mlflow.db"),
    ("sqlite:////no/such/folder/mlflow.db", "there is no folder /no/such/folder: make it, or correct the path"),
    ("sqlite:////proc/mlflow.db", "cannot write to the folder /proc: "),
    ("sqlite:////tmp", "/tmp is a folder: name a file in it, such as sqlite:////tmp/mlflow.db"),
])  # fmt: skip
def test_an_address_that_cannot_work_is_refused_with_what_to_write(uri: str, reason: str) -> None:
    assert refusal(uri).startswith(reason)


def test_a_file_that_is_no_database_is_refused_and_a_locked_one_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, and no database at all, whatever its name says" * 9)
    assert refusal(f"sqlite:///{tmp_path}/notes.txt") == f"{tmp_path}/notes.txt: file is not a database"
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE x (y)")
        other.execute("BEGIN EXCLUSIVE")
        Store(uri=f"sqlite:///{tmp_path}/mlflow.db", artifacts=None).check()
    Store(uri=f"sqlite:///{tmp_path}/new.db", artifacts=None).check()
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(("answers", "reason"), [
    ({f"GET {API}/experiments/search": (200, PAGE)}, "the answer is 200 OK, not MLflow's list of experiments"),
    ({f"GET {API}/experiments/search": (200, {"status": "up"})}, "the answer is 200 OK, not MLflow's list"),
    ({}, "the answer is 404 Not Found, not MLflow's list of experiments"),
    (mlflow_answers(version="2.22.1"), "the server is MLflow 2.22.1, but here is MLflow 3."),
    ({f"GET {API}/experiments/search": (401, PAGE)}, "the server asks for a login: set MLFLOW_TRACKING_USERNAME"),
])  # fmt: skip
def test_a_server_of_another_kind_is_refused(answers: dict[str, tuple[int, object]], reason: str) -> None:
    with odd_server(answers) as uri:
        assert refusal(uri).startswith(reason)


@pytest.mark.parametrize("version", ["3.0.0", PAGE])
def test_a_server_of_the_same_major_version_or_of_none_is_taken(version: str) -> None:
    with odd_server(mlflow_answers(version=version)) as uri:
        Store(uri=uri, artifacts=None).check()


@pytest.mark.parametrize(("changes", "reason"), [
    ({f"POST {API}/experiments/set-experiment-tag": (403, NO_RIGHT)}, "it takes no runs: PERMISSION_DENIED: Perm"),
    ({f"POST {API}/experiments/set-experiment-tag": (405, PAGE)}, "it takes no runs: API request to endpoint"),
    ({f"POST {API}/experiments/set-experiment-tag": (401, PAGE)}, "it takes no runs: API request to endpoint"),
    ({}, "artifacts go to mlflow-artifacts:/7, which cannot be written from here (is the server started with "
         "--no-serve-artifacts?): "),
])  # fmt: skip
def test_a_server_that_takes_no_runs_or_artifacts_is_refused(
    changes: dict[str, tuple[int, object]], reason: str
) -> None:
    with odd_server(mlflow_answers() | changes) as uri, pytest.raises(TunerError) as refused:
        check_writable(Store(uri=uri, artifacts=None), "digits-cnn")
    assert not isinstance(refused.value, UnreachableError)
    assert str(refused.value).startswith(f"MLFLOW_TRACKING_URI={uri}: {reason}")
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("location", ["/proc/nothing/7", "file:///proc/nothing/7"])
def test_artifacts_in_a_folder_of_the_server_that_cannot_be_written_are_refused(location: str) -> None:
    with odd_server(mlflow_answers(location)) as uri, pytest.raises(TunerError) as refused:
        check_writable(Store(uri=uri, artifacts=None), "digits-cnn")
    assert "start that with --serve-artifacts" in str(refused.value)


def test_a_folder_that_can_be_written_is_taken_and_left_empty(tmp_path: Path) -> None:
    with odd_server(mlflow_answers(f"{tmp_path}/7")) as uri:
        assert check_writable(Store(uri=uri, artifacts=None), "digits-cnn") == ""
    assert not list(tmp_path.rglob("*.txt"))


ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/7"


def test_a_file_that_may_be_written_but_not_deleted_is_told_and_is_always_the_same() -> None:
    answers = {f"PUT {ARTIFACTS}/tuner-check.txt": (200, {}), f"DELETE {ARTIFACTS}/tuner-check.txt": (403, NO_RIGHT)}
    with odd_server(mlflow_answers() | answers) as uri:
        left = check_writable(Store(uri=uri, artifacts=None), "digits-cnn")
    assert left.startswith(
        "tuner-check.txt, which showed that artifacts can be written, stays in mlflow-artifacts:/7: "
    )
    assert "403" in left


def test_a_server_that_fails_to_write_artifacts_is_told_where_to_look() -> None:
    answers = {f"PUT {ARTIFACTS}/tuner-check.txt": (500, PAGE)}
    with odd_server(mlflow_answers() | answers) as uri, pytest.raises(UnreachableError) as refused:
        check_writable(Store(uri=uri, artifacts=None), "digits-cnn")
    assert "cannot be written from here (the server fails to write: look at its log, and at" in str(refused.value)
