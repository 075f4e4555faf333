"""An MLflow server that is away, slow or broken costs no epoch, no run and no time of the training."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import outages
import pytest
from faulty_proxy import BROKEN, DOWN, KINDS, LOST, faulty_proxy
from ledger import Ledger
from mlflow import MlflowClient
from mlflow_server import plain_server
from outages import Counts
from rich.console import Console
from support import Command, Finished, Start, free_port, read_runs, read_study

from tuner import outage
from tuner.config import SweepConfig
from tuner.driver import hold
from tuner.environment import prepare
from tuner.errors import TunerError
from tuner.outcome import UNSENT
from tuner.records import read_records
from tuner.store import Store
from tuner.sync import sync, sync_sweep

Check = Callable[[Counts], None]
TURNS = "MLflow does not answer", "MLflow answers again"
WORDS = {
    "down": "down",
    "500": "answering 500",
    "429": "answering 429",
    "slow": "slow",
    "held": "not answering till the end",
    "cut+lost": "doing the work, its answer lost",
    "+".join(KINDS): "failing in all these ways at random",
    "gone, then synced": "gone for good, then `tuner sync`",
}
MIDDLE = (outages.down, outages.broken, outages.busy)
TINY = ("digits", "cnn", "--max-epochs", "9", "--set", "width=0.25")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with plain_server(tmp_path_factory.mktemp("server"), free_port()) as uri:
        yield uri


@pytest.fixture
def check(ledger: Ledger) -> Check:
    def enter(counts: Counts) -> None:
        print(counts)
        ledger.enter(f"the MLflow server {WORDS[counts.kind]}", counts.injected, counts.found)
        assert counts.found.wrong == []
        assert counts.metrics > 100

    return enter


@pytest.mark.faults
@pytest.mark.parametrize("fail", MIDDLE)
def test_a_server_that_is_away_for_the_middle_of_a_sweep_is_sent_everything_once(
    server: str, tmp_path: Path, fail: Callable[..., Counts], check: Check
) -> None:
    counts = fail(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 3
    [away, back] = counts.said
    assert TURNS[0] in away
    assert TURNS[1] in back


@pytest.mark.faults
def test_a_slow_server_gets_everything_and_is_not_complained_about(server: str, tmp_path: Path, check: Check) -> None:
    counts = outages.slow(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 4
    assert counts.said == ()


@pytest.mark.faults
def test_a_report_does_not_wait_for_an_answer(server: str, tmp_path: Path, check: Check) -> None:
    check(outages.held(tmp_path / "x", server))


@pytest.mark.faults
def test_an_answer_that_is_lost_doubles_nothing(server: str, tmp_path: Path, check: Check) -> None:
    counts = outages.cut(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 5


@pytest.mark.faults
def test_faults_of_all_kinds_at_random(server: str, tmp_path: Path, check: Check) -> None:
    counts = outages.mixed(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 3


@pytest.mark.faults
def test_what_a_server_that_never_came_back_has_missed_is_synced(server: str, tmp_path: Path, check: Check) -> None:
    before, after = outages.gone(tmp_path / "x", server)
    assert before.lost > 0
    assert before.unsent
    check(after)


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
    prepare()
    monkeypatch.setattr(outage, "FIRST_S", 0.05)
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
    assert str(again) == f"{folder.name}: MLflow has all of it"
    assert str(all_of(server, config.uid)) == str(has)  # of the trial that failed some are NaN
    runs, models, versions = has
    assert len(runs) == 9
    assert (len(models), len(versions)) == (1, 1)
    assert json.loads((folder / "result.json").read_text())["model"]["uri"] == first.model
    expected = {f"report/{path.name}" for path in (folder / "report").iterdir()}
    assert set(runs[folder.name][3]) == expected


def test_sync_leaves_a_sweep_alone_that_runs(finished: Finished, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.sweep, tmp_path / "runs" / finished.sweep.name)
    said = StringIO()
    quiet = Console(file=said, width=300)
    with hold(folder):
        with pytest.raises(TunerError, match=f"the sweep {folder.name} is running in another process"):
            sync(folder.name, as_json=False, out=quiet, err=quiet)
        assert sync(None, as_json=False, out=quiet, err=quiet) == 0
    reason = f"the sweep {folder.name} is running in another process"
    assert said.getvalue() == f"{folder.name}: left out: {reason}\n"


def test_a_wrong_token_is_an_error_at_the_start(
    server: str, tuner: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_proxy(server) as proxy:
        proxy.token = "the right one"
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", proxy.token)
        store = Store(uri=proxy.uri, artifacts=None)
        store.check()
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "wrong!")
        with pytest.raises(TunerError, match="the server refuses the token that MLFLOW_TRACKING_TOKEN holds"):
            store.check()
        done = tuner("sweep", *TINY, folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri, MLFLOW_TRACKING_TOKEN="wrong!")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.endswith("the server refuses the token that MLFLOW_TRACKING_TOKEN holds")
    assert list(tmp_path.glob("runs/*")) == []


@pytest.mark.faults
@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("fail", [*MIDDLE, outages.slow, outages.cut, outages.mixed])
def test_more_of_the_same(server: str, tmp_path: Path, fail: Callable[..., Counts], seed: int, check: Check) -> None:
    check(fail(tmp_path / "x", server, seed))


@pytest.mark.faults
@pytest.mark.proof
def test_an_answer_may_take_five_seconds(server: str, tmp_path: Path, check: Check) -> None:
    check(outages.slow(tmp_path / "x", server, delay=5.0))


def epochs_in(journal: Path) -> int:
    return journal.read_text().count('"epoch ') if journal.exists() else 0


def wait_for_epochs(journal: Path, count: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None and epochs_in(journal) < count:
        time.sleep(0.05)


@pytest.mark.proof
def test_a_sweep_whose_server_is_killed_for_its_middle_ends_well(start: Start, tmp_path: Path) -> None:
    folder, port = tmp_path / "server", free_port()
    folder.mkdir()
    journal = tmp_path / "runs/x/study.log"
    process = None
    try:
        with plain_server(folder, port) as uri:
            words = ("sweep", *TINY, "--trials", "24", "--name", "x", "--json")
            process = start(*words, folder=tmp_path, MLFLOW_TRACKING_URI=uri)
            wait_for_epochs(journal, 3, process)
        wait_for_epochs(journal, epochs_in(journal) + 20, process)
        with plain_server(folder, port) as uri:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
            result, runs = json.loads(out), all_of(uri, SweepConfig.load(tmp_path / "runs/x").uid)[0]
    finally:
        if process:
            process.kill()
            process.communicate()
    assert result["unsent"] == ""
    assert len(runs) == 25
    told = [line for line in err.splitlines() if "MLflow" in line]
    assert [any(turn in line for line in told) for turn in TURNS] == [True, True]
    check_epochs(runs, tmp_path / "runs/x")


def check_epochs(runs: dict[str, Any], sweep: Path) -> None:
    """Each trial of the study is a run with each of its epochs once."""
    for trial in read_study(sweep).trials:
        points = [p for p in runs[f"{sweep.name}-{trial.number:04d}"][2] if p["_key"] == "val_accuracy"]
        assert {p["_step"]: p["_value"] for p in points} == trial.intermediate_values
        assert len(points) == len(trial.intermediate_values)


@pytest.mark.proof
def test_a_sweep_whose_server_is_gone_for_good_has_its_model_and_is_synced_later(
    server: str, start: Start, tuner: Command, tmp_path: Path
) -> None:
    with faulty_proxy(server) as proxy:
        words = ("sweep", *TINY, "--trials", "8", "--name", "gone")
        process = start(*words, folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
        try:
            wait_for_epochs(tmp_path / "runs/gone/study.log", 3, process)
            proxy.kinds = (DOWN,)
            out, err = process.communicate(timeout=300)
        finally:
            process.kill()
        assert process.returncode == UNSENT, err
        result = json.loads((tmp_path / "runs/gone/result.json").read_text())
        assert result["test"]["accuracy"] > 0.5
        assert (result["model"], bool(result["unsent"])) == (None, True)
        assert "runs/gone/model  (not registered yet)" in out
        assert err.splitlines()[-1].endswith("to send what is left: tuner sync gone")
        assert (tmp_path / "runs/gone/report/report.html").exists()
        proxy.kinds = ()
        done = tuner("sync", folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
        again = tuner("sync", "gone", folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gone: sent ")
    assert "the model, as models:/digits-cnn" in done.stdout
    assert again.stdout == "gone: MLflow has all of it\n"
    uid = SweepConfig.load(tmp_path / "runs/gone").uid
    check_epochs(all_of(server, uid)[0], tmp_path / "runs/gone")
