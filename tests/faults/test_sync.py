"""`tuner sync`, and real sweeps whose MLflow server goes away: all of it arrives there once, the model too."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from support.common import Command, Finished, Start, epochs_in, free_port, read_runs, wait_for_epochs
from support.made_up_search import Recorder
from support.mlflow_server import mlflow_server, plain_server
from support.postgres import postgres
from support.processes import end

from faults.faulty_proxy import BROKEN, DOWN, LOST, faulty_proxy
from faults.inventory import inventory
from faults.ledger import Ledger
from faults.outages import TINY, TURNS
from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.outcome import UNSENT
from tuner.search.study_reader import read_records
from tuner.sweeps.api import resume
from tuner.sweeps.lock import lock_for_sync, lock_sweep
from tuner.sweeps.sweep_reader import SweepReader
from tuner.sweeps.sync import Synced, sync, sync_sweep
from tuner.tracking import retry
from tuner.tracking.store import Store


def all_of(uri: str, uid: str, pair: str = "digits-cnn") -> Any:
    """All that a server has of a sweep: runs with every value, logged models, versions and artifacts."""
    client = MlflowClient(uri, uri)
    runs, ids = {}, set()
    for run in (each for each in read_runs(uri, pair) if each.data.tags["tuner.uid"] == uid):
        history = [vars(p) for name in run.data.metrics for p in client.get_metric_history(run.info.run_id, name)]
        artifacts = sorted(each.path for each in client.list_artifacts(run.info.run_id, "report"))
        runs[str(run.info.run_name)] = (run.info.to_proto().SerializeToString(), run.data.tags, history, artifacts)
        ids.add(run.info.run_id)
    experiment = client.get_experiment_by_name(pair)
    assert experiment is not None
    models = [m.model_id for m in client.search_logged_models([experiment.experiment_id]) if m.source_run_id in ids]
    found = client.search_model_versions(f"name = '{pair}'")
    return runs, models, [(v.version, v.tags, v.aliases) for v in found if v.tags["tuner.uid"] == uid]


@pytest.mark.parametrize("share", [0.0, pytest.param(0.1, marks=pytest.mark.proof)])
def test_a_finished_sweep_is_synced_to_a_new_server_once_though_answers_are_lost(
    finished: Finished, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    prepare_environment()
    monkeypatch.setattr(retry, "FIRST_S", 0.05)
    folder = shutil.copytree(finished.sweep, tmp_path / finished.sweep.name)
    config = replace(SweepConfig.load(folder), uid=f"share {share}")
    config.save(folder)
    (folder / "result.json").write_text(json.dumps({**finished.result, "model": None}))
    epochs = sum(len(record.metrics) for record in read_records(folder / "study.log"))
    said: list[str] = []
    with faulty_proxy(server, 3) as proxy:
        proxy.kinds, proxy.share = (LOST, BROKEN), share
        first = sync_sweep(folder, Store(uri=proxy.uri, artifacts=None), said.append)
        print(f"{proxy.injected} of {proxy.requests} requests")
        assert bool(proxy.injected) == bool(share)
    has = all_of(server, config.uid)
    again = sync_sweep(folder, Store(uri=server, artifacts=None), said.append)
    assert said == []
    assert f"sent {epochs} epochs of 8 trials, the model, as models:/digits-cnn" in str(first)
    assert str(again) == f"{folder.name}: everything is already in MLflow"
    assert str(all_of(server, config.uid)) == str(has)  # of the trial that failed some are NaN
    runs, models, versions = has
    assert len(runs) == 9
    assert (len(models), len(versions)) == (1, 1)
    assert json.loads((folder / "result.json").read_text())["model"]["uri"] == first.model
    expected = {f"report/{path.name}" for path in (folder / "report").iterdir()}
    assert set(runs[folder.name][3]) == expected


def test_sync_leaves_a_sweep_alone_that_runs(finished: Finished, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.sweep, tmp_path / "runs" / finished.sweep.name)
    reason = f"the sweep {folder.name} is running in another process"
    with lock_sweep(folder):
        with pytest.raises(TunerError, match=reason):
            synced(folder.name)
        [done] = synced()
    assert (done.left_out, done.unsent) == (reason, "")
    assert str(done) == f"{folder.name}: left out: {reason}"


def home_with(finished: Finished, tmp_path: Path, *names: str) -> Path:
    """A folder of sweeps with copies of a finished one, not yet registered."""
    for name in names:
        folder = shutil.copytree(finished.sweep, tmp_path / "runs" / name)
        replace(SweepConfig.load(folder), name=name, uid=name).save(folder)
        (folder / "result.json").write_text(json.dumps({**finished.result, "model": None}))
    return tmp_path / "runs"


def synced(name: str | None = None, *, elsewhere: bool = False) -> list[Synced]:
    """What `tuner sync` does with each sweep. It warns of nothing."""
    recorder = Recorder()
    done = list(sync(name, elsewhere=elsewhere, events=Callbacks([recorder])))
    assert recorder.notes == []
    return done


def test_a_sweep_that_began_with_another_mlflow_is_not_sent_to_this_one(
    finished: Finished, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_with(finished, tmp_path, "moved")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    reason = f"moved was started with no MLFLOW_TRACKING_URI, but MLflow is {server} here: set it as it was then"
    with pytest.raises(TunerError) as caught:
        synced("moved")
    assert str(caught.value) == reason
    [done] = synced()
    assert (str(done), done.unsent) == (f"moved: left out: {reason}", "")
    status = SweepReader("moved", home).status()
    assert (status.state, status.unsent) == ("finished", True)
    [done] = synced("moved", elsewhere=True)
    assert (done.left_out, done.unsent) == ("", "")
    assert "the model, as models:/digits-cnn" in str(done)
    assert not SweepReader("moved", home).status().unsent


def test_a_sweep_with_a_damaged_file_keeps_no_other_from_being_sent(
    finished: Finished, tuner: Command, tmp_path: Path
) -> None:
    home = home_with(finished, tmp_path, "broken", "whole")
    (home / "broken" / "predictions.safetensors").unlink()
    first, second = synced()
    assert str(first).startswith("broken: not everything could be sent: ")
    assert "predictions.safetensors" in first.unsent
    assert str(second).startswith("whole: sent ")
    assert second.unsent == ""
    again = tuner("sync", folder=tmp_path)
    assert again.returncode == UNSENT, again.stderr
    assert again.stdout.splitlines() == [str(first), "whole: everything is already in MLflow"]


def test_a_sweep_that_was_killed_while_its_model_was_registered_is_gone_on_with(
    finished: Finished, tmp_path: Path
) -> None:
    home, recorder = home_with(finished, tmp_path, "late"), Recorder()
    result = json.loads(json.dumps(resume("late", callbacks=[recorder]).to_json()))
    [line] = recorder.notes
    assert line.startswith("late: sent ")
    assert recorder.warnings == []
    assert (result["finished"], result["unsent"], result["best"]) == (True, "", finished.result["best"])
    assert result["model"]["uri"].startswith("models:/digits-cnn")
    assert not SweepReader("late", home).status().unsent
    with pytest.raises(TunerError, match="the sweep late is finished"):
        resume("late")


def test_a_sweep_that_is_sent_is_not_said_to_run_and_is_sent_by_one(finished: Finished, tmp_path: Path) -> None:
    home = home_with(finished, tmp_path, "x")
    with lock_for_sync(home / "x"):
        assert SweepReader("x", home).status().state == "finished"
        with pytest.raises(TunerError, match="another process is uploading x to MLflow"):
            synced("x")
        with pytest.raises(TunerError, match="the sweep x is running in another process"), lock_sweep(home / "x"):
            pass


def test_a_sweep_that_was_killed_is_still_said_to_have_crashed(finished: Finished, tmp_path: Path) -> None:
    home = home_with(finished, tmp_path, "killed")
    (home / "killed" / "result.json").unlink()
    driver = json.loads((home / "killed" / "driver.json").read_text())
    (home / "killed" / "driver.json").write_text(json.dumps({**driver, "ended": False}))
    assert SweepReader("killed", home).status().state == "crashed"
    assert [done.unsent for done in synced("killed")] == [""]
    assert SweepReader("killed", home).status().state == "crashed"


def check_told(out: str, err: str) -> None:
    """All is sent, and the user was told when MLflow did not answer, and when it did again."""
    assert json.loads(out)["unsent"] == ""
    told = [line for line in err.splitlines() if "MLflow" in line]
    assert [any(turn in line for line in told) for turn in TURNS] == [True, True]


@pytest.mark.faults
@pytest.mark.proof
def test_a_sweep_whose_server_is_killed_for_its_middle_ends_well(start: Start, tmp_path: Path, ledger: Ledger) -> None:
    folder, port = tmp_path / "server", free_port()
    folder.mkdir()
    process = None
    try:
        with plain_server(folder, port, signal.SIGKILL) as uri:
            words = ("sweep", *TINY, "--trials", "24", "--name", "x", "--json")
            process = start(*words, folder=tmp_path, MLFLOW_TRACKING_URI=uri)
            wait_for_epochs(tmp_path, 3, process)
        wait_for_epochs(tmp_path, epochs_in(tmp_path) + 20, process)
        with plain_server(folder, port) as uri:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
            found = inventory(tmp_path / "runs", "x", 24, uri=uri)
    finally:
        if process:
            end(process, signal.SIGKILL)
    ledger.enter("the MLflow server killed with kill -9 during a real sweep, and started again", 1, found)
    check_told(out, err)
    assert found.wrong == []


@pytest.mark.faults
@pytest.mark.proof
def test_a_sweep_whose_servers_database_dies_for_its_middle_ends_well(
    start: Start, tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with postgres(folder, "synchronous_commit=on") as database, mlflow_server(folder, database) as server:
        for name, value in server.login().items():
            monkeypatch.setenv(name, value)
        words = ("sweep", *TINY, "--trials", "24", "--name", "x", "--json")
        process = start(*words, folder=tmp_path, **server.login())
        wait_for_epochs(tmp_path, 3, process)
        database.end(signal.SIGQUIT)
        wait_for_epochs(tmp_path, epochs_in(tmp_path) + 20, process)
        database.begin()
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        found = inventory(tmp_path / "runs", "x", 24, uri=server.uri)
    ledger.enter("the MLflow server's PostgreSQL crashed during a real sweep, and started again", 1, found)
    check_told(out, err)
    assert found.wrong == []


@pytest.mark.faults
@pytest.mark.proof
def test_a_sweep_whose_server_is_gone_for_good_has_its_model_and_is_synced_later(
    server: str, start: Start, tuner: Command, tmp_path: Path, ledger: Ledger
) -> None:
    """It is killed too, and goes on without the server."""
    with faulty_proxy(server) as proxy:
        words = ("sweep", *TINY, "--trials", "8", "--name", "gone")
        process = start(*words, folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
        wait_for_epochs(tmp_path, 3, process, "gone")
        proxy.kinds = (DOWN,)
        end(process, signal.SIGKILL)
        resumed = tuner("resume", "gone", folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
        assert resumed.returncode == UNSENT, resumed.stderr
        result = json.loads((tmp_path / "runs/gone/result.json").read_text())
        assert result["test"]["accuracy"] > 0.5
        assert (result["model"], bool(result["unsent"])) == (None, True)
        assert "runs/gone/model  (not registered yet)" in resumed.stdout
        assert "no MLflow server answers there" in resumed.stderr
        assert resumed.stderr.splitlines()[-1].endswith("to send the rest: tuner sync gone")
        assert (tmp_path / "runs/gone/report/report.html").exists()
        shown = tuner("status", folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
        assert "finished, unsent" in shown.stdout
        proxy.kinds = ()
        done = tuner("sync", folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
        again = tuner("sync", "gone", folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gone: sent ")
    assert "the model, as models:/digits-cnn" in done.stdout
    assert again.stdout == "gone: everything is already in MLflow\n"
    found = inventory(tmp_path / "runs", "gone", 8, uri=server)
    ledger.enter("the MLflow server gone for good during a real sweep, then `tuner sync`", 1, found)
    assert found.wrong == []
