"""A store in a file is no network: a busy machine is waited for, and who has locked the file is told."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from support.made_up_search import Recorder

from tuner.tracking import background, client
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.connection import explain
from tuner.tracking.retry import is_mlflow_error, is_transient
from tuner.tracking.runs import MlflowSweep

LOCKED = MlflowException("(sqlite3.OperationalError) database is locked", TEMPORARILY_UNAVAILABLE)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FLUSH_S": 0.02, "CLOSE_S": 0.1, "LOCKED_S": 0.3, "PROGRESS_S": 0.1, "FIRST_S": 0.02}.items():
        monkeypatch.setattr(background, name, value)
    monkeypatch.setattr(background, "backoff", lambda *_: 0.05)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the file mlflow.db open."""
    code = f"file = open({str(tmp_path / 'mlflow.db')!r}, 'a'); print('open', flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def slow(seen: threading.Event) -> Callable[[Any], MlflowSweep]:
    """A connection that takes until the end has been asked for, and some more."""

    def connect(_: Any) -> MlflowSweep:
        assert seen.wait(60)
        return cast(MlflowSweep, object())

    return connect


def test_a_busy_machine_is_waited_for_with_a_line_of_progress(tmp_path: Path) -> None:
    seen, recorder = threading.Event(), Recorder()

    def note(text: str, *, warning: bool = True) -> None:
        recorder.on_note(text, warning=warning)
        seen.set()

    tracker = BackgroundTracker(slow(seen), [].__getitem__, note=note, file=tmp_path / "mlflow.db")
    tracker.start()
    assert tracker.close() == ""
    assert recorder.notes[0] == "MLflow's file is being written"
    assert recorder.warnings == []


@pytest.mark.parametrize(("file", "reason"), [
    (None, "the answers take too long"),
    (Path("mlflow.db"), "the machine is too busy to write MLflow's file"),
])  # fmt: skip
def test_a_server_or_the_end_of_an_interrupted_sweep_is_not_waited_for(file: Path | None, reason: str) -> None:
    seen = threading.Event()
    tracker = BackgroundTracker(slow(seen), [].__getitem__, file=file)
    tracker.start()
    assert tracker.close("" if file is None else "KILLED") == reason
    seen.set()


def test_a_file_that_stays_locked_is_given_up_and_its_holder_told(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    recorder, asked = Recorder(), []

    def connect(_: Any) -> MlflowSweep:
        asked.append(1)
        raise LOCKED

    file = tmp_path / "mlflow.db"
    tracker = BackgroundTracker(connect, [].__getitem__, note=recorder.on_note, file=file)
    tracker.start()
    told = tracker.close()
    assert told.startswith(f"{file} is locked by process {holder.pid} ({Path(sys.executable).name}")
    assert len(asked) > 2
    [warning] = recorder.warnings
    assert warning.startswith(f"MLflow's file cannot be written ({told}): training continues")


def test_the_first_look_at_a_locked_file_is_made_again(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow looks for its tables before all else, and what sqlite says then has no code of MLflow's."""
    monkeypatch.setattr(client, "_WAIT", "PRAGMA busy_timeout = 10")
    shutil.copyfile(database, tmp_path / "mlflow.db")
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OperationalError) as refused:
            client.make_client(f"sqlite:///{tmp_path}/mlflow.db")
    assert is_transient(refused.value)
    assert is_mlflow_error(refused.value)


def test_statements_of_mlflow_wait_for_a_minute(database: Path) -> None:
    engine = client.make_client(f"sqlite:///{database}")._tracking_client.store.engine
    with engine.connect() as connection:
        connection.execute(text("PRAGMA busy_timeout = 20000"))  # as MLflow does in each session
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 60_000


def test_a_lock_that_nobody_here_holds_is_told_as_that(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.touch()
    with file.open():  # by this process itself
        assert explain(LOCKED, file) == f"{file} is locked by a process of another user or machine"
    assert "database is locked" in explain(LOCKED, None)
    assert str(os.getpid()) not in explain(LOCKED, file)
