"""Where a sweep is tracked."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from support import Command, Finished, Start, free_port, wait_until

from tuner.errors import TunerError
from tuner.store import Store


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:secret@127.0.0.1:9/mlflow")
    store = Store.of(tmp_path)
    assert store.address == "http://127.0.0.1:9/mlflow"
    with pytest.raises(TunerError) as refused:
        store.check()
    assert "secret" not in str(refused.value)


def test_the_embedded_store_lies_in_the_home_folder_whatever_its_name(tmp_path: Path) -> None:
    home = tmp_path / "with space"
    home.mkdir()
    store = Store.of(home)
    store.check()
    store.prepare(home)
    assert (home / "mlflow.db").exists()
    assert store.address == f"sqlite:///{home}/mlflow.db"


def test_ui_serves_the_sweeps_of_the_folder(start: Start, finished: Finished) -> None:
    port = free_port()
    process = start("ui", "--port", str(port), folder=finished.folder)
    try:

        def answers() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
                return bool(response.status == 200)

        assert wait_until(answers, process), process.communicate()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/2.0/mlflow/registered-models/alias?name=digits-cnn&alias=champion"
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            assert b"digits-cnn" in response.read()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_store_that_is_damaged_stops_the_sweep_in_one_line_that_says_how_to_go_on(
    tuner: Command, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/mlflow.db").write_bytes(b"this is no database" * 100)
    done = tuner("sweep", "digits", "cnn", "--trials", "2", "--max-epochs", "200", folder=tmp_path)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "not a database" in line
    assert "tuner resume digits-cnn-1" in line
    assert "Traceback" not in done.stderr
    assert "Traceback" in (tmp_path / "runs/digits-cnn-1/error.txt").read_text()
