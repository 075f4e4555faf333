"""Sweeps of a team: MLflow's server on PostgreSQL, with logins, and several sweeps writing at once."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import ray
from mlflow import MlflowClient
from mlflow.entities import Run
from PIL import Image
from support import processes
from support.common import Command, Start, make_config, make_record, read_runs, read_study, wait_for_epochs
from support.mlflow_server import MlflowServer, mlflow_server
from support.postgres import postgres
from support.ray_cluster import Cluster, ray_cluster

from tuner.cli.doctor import services
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store

pytestmark = pytest.mark.proof
TINY = ("digits", "cnn", "--trials", "3", "--max-epochs", "3", "--concurrency", "1", "--set", "width=0.25")
WRITERS = 4


@dataclass(frozen=True)
class Swept:
    """A sweep that was interrupted and has gone on to its end."""

    folder: Path
    """Where the command was typed."""
    before: dict[str, str]
    """The status of its runs when it was interrupted."""
    result: dict[str, Any]
    command_lines: str
    """Those of all processes of the machine while it ran."""

    @property
    def sweep(self) -> Path:
        return self.folder / "runs" / "x"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp("server")
    with postgres(folder) as database, mlflow_server(folder, database) as running:
        running.passwords["the database"] = database.password
        running.add_user("ann")
        yield running


@pytest.fixture(autouse=True)
def logged_in(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests themselves ask, they ask as Ann."""
    for name, value in server.login("ann").items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def swept(server: MlflowServer, start: Start, tuner: Command, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    folder = tmp_path_factory.mktemp("ann's")
    login = server.login("ann")
    process = start("sweep", *TINY, "--name", "x", "--json", folder=folder, **login)
    try:
        wait_for_epochs(folder, 2, process)
        command_lines = _command_lines()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    finally:
        processes.end(process, signal.SIGKILL)
    assert process.returncode == 130, err
    with pytest.MonkeyPatch.context() as patch:
        for name, value in login.items():
            patch.setenv(name, value)
        before = {run.info.run_id: run.info.status for run in _runs(server, "x")}
    done = tuner("resume", "x", "--json", folder=folder, **login)
    assert done.returncode == 0, done.stderr
    return Swept(folder, before, json.loads(done.stdout), command_lines)


def _runs(server: MlflowServer, sweep: str, pair: str = "digits-cnn") -> list[Run]:
    return [run for run in read_runs(server.uri, pair) if run.data.tags["tuner.sweep"] == sweep]


def _command_lines() -> str:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_text(errors="replace"))
        except OSError:  # it has just ended
            continue
    return "\n".join(lines)


def check_runs(server: MlflowServer, sweep: Path) -> None:
    """Each trial of the study is one run, with each epoch once, and has ended."""
    found = _runs(server, sweep.name)
    trials = read_study(sweep).trials
    expected = [str(trial.number) for trial in trials]
    assert sorted(run.data.tags.get("tuner.trial", "parent") for run in found) == [*expected, "parent"]
    [parent] = [run for run in found if "tuner.trial" not in run.data.tags]
    assert parent.info.status == "FINISHED"
    for run in found:
        if run is not parent:
            assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
            assert run.info.status in ("FINISHED", "KILLED")
            history = MlflowClient().get_metric_history(run.info.run_id, "val_accuracy")
            trial = trials[int(run.data.tags["tuner.trial"])]
            assert {point.step: point.value for point in history} == trial.intermediate_values
            assert len(history) == len(trial.intermediate_values)


def test_a_sweep_that_was_interrupted_goes_on_in_the_same_runs(server: MlflowServer, swept: Swept) -> None:
    assert swept.before
    assert "RUNNING" not in swept.before.values()
    assert swept.result["finished"] is True
    assert {run.info.run_id for run in _runs(server, "x")} >= set(swept.before)
    check_runs(server, swept.sweep)


def test_the_model_and_the_report_are_on_the_server_and_nothing_of_them_is_kept_at_home(
    server: MlflowServer, swept: Swept, tmp_path: Path
) -> None:
    client = MlflowClient()
    champion = client.get_model_version_by_alias("digits-cnn", "champion")
    assert champion.tags["tuner.sweep"] == "x"
    assert float(champion.tags["tuner.test_accuracy"]) == swept.result["test"]["accuracy"]
    [parent] = [run for run in _runs(server, "x") if "tuner.trial" not in run.data.tags]
    assert parent.info.artifact_uri.startswith("mlflow-artifacts:/")
    page = Path(client.download_artifacts(parent.info.run_id, "report/report.html", str(tmp_path)))
    assert page.read_bytes() == (swept.sweep / "report/report.html").read_bytes()
    assert len(list(server.artifacts.rglob("report.html"))) == 1
    assert len(list(server.artifacts.rglob("weights.safetensors"))) == 1
    assert sorted(path.name for path in swept.folder.iterdir()) == ["runs"]
    assert not {"mlflow.db", "artifacts", "mlruns"} & {path.name for path in (swept.folder / "runs").iterdir()}


def test_no_password_is_in_a_file_a_tag_or_a_list_of_processes(
    server: MlflowServer, swept: Swept, environment: dict[str, str]
) -> None:
    assert "tuner\0sweep" in swept.command_lines
    folders = (swept.folder, Path(environment["RAY_TMPDIR"]))
    written = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any("raylet" in path.name for path in written)
    runs = json.dumps([run.to_dictionary() for run in _runs(server, "x")])
    for secret in server.passwords.values():
        assert secret not in swept.command_lines
        assert secret not in runs
        assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_a_login_in_the_address_is_good_for_compare_and_is_not_shown(
    server: MlflowServer, swept: Swept, tuner: Command, tmp_path: Path
) -> None:
    password = server.passwords["ann"]
    address = server.uri.replace("://", f"://ann:{password}@")
    done = tuner("compare", "digits", "--json", folder=tmp_path, MLFLOW_TRACKING_URI=address)
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)["pairs"]
    assert (row["model"], row["sweep"]) == ("cnn", "x")
    assert password not in done.stdout + done.stderr


def test_predict_takes_the_champion_from_the_server(
    server: MlflowServer, swept: Swept, tuner: Command, tmp_path: Path
) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a digit.png")
    done = tuner("predict", "digits-cnn", "a digit.png", "--json", folder=tmp_path, **server.login("ann"))
    assert done.returncode == 0, done.stderr
    [prediction] = json.loads(done.stdout)
    assert prediction["class"] in [str(digit) for digit in range(10)]


@pytest.mark.parametrize(
    ("command", "password", "mend"),
    [(("sweep", *TINY), "wrong!", "refuses ann"), (("predict", "digits-cnn", "a.png"), "", "asks for a login")],
)
def test_a_password_that_is_wrong_or_missing_is_one_line_before_anything_begins(
    server: MlflowServer, tuner: Command, tmp_path: Path, command: tuple[str, ...], password: str, mend: str
) -> None:
    login = {**server.login("ann"), "MLFLOW_TRACKING_PASSWORD": password}
    done = tuner(*command, folder=tmp_path, **login)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: MLFLOW_TRACKING_URI={server.uri}: the server {mend}")
    assert "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in line
    assert "wrong!" not in line
    assert list(tmp_path.glob("runs/*/sweep.json")) == []


def test_the_doctor_tells_a_login_that_is_good_from_one_that_is_not(
    server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [found] = services.mlflow()
    assert (found.text, found.mend) == (f"{server.uri} answers to ann", "")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong!")
    [found] = services.mlflow()
    assert "the server refuses ann" in found.text
    assert "wrong!" not in str(found)
    assert found.mend


def test_sweeps_that_are_first_to_use_an_experiment_at_the_same_time_share_it(server: MlflowServer) -> None:
    store = Store(uri=server.uri, artifacts=None)
    barrier = Barrier(WRITERS)

    def write(writer: int) -> str:
        barrier.wait()
        sweep = MlflowSweep(store, make_config(name=f"w{writer}", model="lenet"))
        for number in range(5):
            values = {"time": 1.0, "epoch": 1.0, "val_accuracy": writer + number / 10}
            sweep.send(make_record(number, "RUNNING", {1: values}))
            sweep.send(make_record(number, "COMPLETE", {1: values}))
        sweep.end("FINISHED")
        return sweep.experiment_id

    with ThreadPoolExecutor(WRITERS) as threads:
        assert len(set(threads.map(write, range(WRITERS)))) == 1
    for writer in range(WRITERS):
        found = _runs(server, f"w{writer}", "digits-lenet")
        assert {run.info.status for run in found} == {"FINISHED"}
        values = {run.data.tags["tuner.trial"]: run.data.metrics for run in found if "tuner.trial" in run.data.tags}
        assert values == {str(number): {"val_accuracy": writer + number / 10} for number in range(5)}
        assert len(found) == 6


def check_doctor(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `tuner doctor` says with the cluster's token, with another one and with none."""
    texts = []
    for token in (cluster.token, "0" * 64, ""):
        monkeypatch.setenv("RAY_AUTH_TOKEN", token)
        monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/no/such/file")
        [found] = services.cluster(cluster.address)
        assert found.good is (token == cluster.token)
        texts.append(found.text)
    told = (f"runs Ray {ray.__version__}", "does not accept the token", "asks for a token")
    assert texts == [f"{cluster.address} {each}" for each in told]


def test_four_sweeps_of_a_cluster_write_at_once(
    server: MlflowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ray_cluster(cpus=WRITERS, environment=server.login("ann")) as cluster:
        check_doctor(cluster, monkeypatch)
        own = {"TUNER_ON_CLUSTER": "1", "RAY_ADDRESS": f"127.0.0.1:{cluster.gcs}", "TUNER_HOME": str(tmp_path / "runs")}
        command = (sys.executable, "-P", "-m", "tuner.cli.remote_entry", "sweep", *TINY, "--cpus-per-trial", "1")
        drivers = []
        for number in range(WRITERS):
            named, output = [*command, "--name", f"s{number}"], tmp_path / f"{number}.txt"
            environment = {**cluster.environment, **own}
            drivers.append(processes.start(named, folder=tmp_path, environment=environment, output=output))
        try:
            codes = [driver.wait(400) for driver in drivers]
        finally:
            for driver in drivers:
                processes.end(driver, signal.SIGKILL)
    assert codes == [0] * WRITERS, [path.read_text() for path in tmp_path.glob("*.txt")]
    for number in range(WRITERS):
        check_runs(server, tmp_path / "runs" / f"s{number}")
    versions = MlflowClient().search_model_versions("name = 'digits-cnn'")
    assert {version.tags["tuner.sweep"] for version in versions} >= {f"s{number}" for number in range(WRITERS)}
    best = max(float(version.tags["tuner.val_accuracy"]) for version in versions)
    champion = MlflowClient().get_model_version_by_alias("digits-cnn", "champion")
    assert float(champion.tags["tuner.val_accuracy"]) == best
