"""The services of docker/compose.yaml, each started by its own command: see support/compose.py."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.compose import DOCKER, Compose, composed, read_manifests
from support.processes import end, wait_until

from tuner.search.study_reader import read_records

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    with composed(tmp_path_factory.mktemp("compose")) as running:
        yield running


def ask(url: str, login: str = "", body: object = None) -> Any:
    """The answer, or the status of a refusal."""
    headers = {"Content-Type": "application/json", **({"Authorization": login} if login else {})}
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def logins(compose: Compose) -> tuple[str, str]:
    """The Authorization of MLflow and of Ray."""
    pair = f"{compose.secrets['MLFLOW_TRACKING_USERNAME']}:{compose.secrets['MLFLOW_TRACKING_PASSWORD']}"
    return f"Basic {b64encode(pair.encode()).decode()}", f"Bearer {compose.secrets['RAY_AUTH_TOKEN']}"


def test_the_services_start_one_after_the_other_and_refuse_strangers(compose: Compose) -> None:
    basic, bearer = logins(compose)
    experiments = f"{compose.mlflow}/api/2.0/mlflow/experiments/search"
    assert ask(experiments, body={"max_results": 1}) == 401
    assert ask(experiments, basic[:-6] + "AAAA==", {"max_results": 1}) == 401
    assert len(ask(experiments, basic, {"max_results": 1})["experiments"]) == 1
    assert ask(f"{compose.dashboard}/api/jobs/") == 401
    assert ask(f"{compose.dashboard}/api/jobs/", f"Bearer {'0' * 64}") == 403
    assert ask(f"{compose.dashboard}/api/jobs/", bearer) == []
    nodes = ask(f"{compose.dashboard}/api/v0/nodes?detail=1", bearer)["data"]["result"]["result"]
    has = {node["is_head_node"]: node["resources_total"] for node in nodes if node["state"] == "ALIVE"}
    assert set(has) == {True, False}
    assert (has[True]["head"], has[True].get("CPU", 0), has[False]["CPU"]) == (1, 0, 1)
    assert stat.S_IMODE((compose.folder / "mlflow" / ".mlflow-logins.ini").stat().st_mode) == 0o600
    long = [value for value in compose.secrets.values() if len(value) > 30]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has ended
        assert not any(value in line for value in long)


def test_the_example_of_a_sweep_as_a_kubernetes_object_runs(compose: Compose) -> None:
    """A RayJob is a submitted job: this one hands a sweep to its own cluster, whose driver knows MLflow's password."""
    basic, bearer = logins(compose)
    spec = read_manifests()["RayJob", "digits-cnn"]["spec"]
    command = spec["entrypoint"].replace("--trials 16", "--trials 2 --max-epochs 2")
    command = command.replace("http://127.0.0.1:8265", compose.dashboard)
    resources = json.loads(spec["entrypointResources"])
    body = {"entrypoint": command, "entrypoint_resources": resources, "submission_id": "digits-cnn"}
    jobs = f"{compose.dashboard}/api/jobs/"
    assert ask(jobs, bearer, body)["submission_id"] == "digits-cnn"

    def status() -> str:
        return str(ask(f"{jobs}digits-cnn", bearer)["status"])

    assert wait_until(lambda: status() not in ("PENDING", "RUNNING"), poll=1)
    assert status() == "SUCCEEDED", ask(f"{jobs}digits-cnn/logs", bearer)
    records = read_records(compose.folder / "volumes" / "sweeps" / "digits-cnn-1" / "study.log")
    assert len(records) == 2
    wanted = f"{compose.mlflow}/api/2.0/mlflow/registered-models/get?name=digits-cnn"
    assert ask(wanted, basic)["registered_model"]["aliases"][0]["alias"] == "champion"
    assert compose.secrets["MLFLOW_TRACKING_PASSWORD"] not in json.dumps(ask(jobs, bearer))


def test_a_model_is_served_by_its_service_for_those_who_have_the_token(compose: Compose) -> None:
    compose.start("serve")  # until its health check succeeds
    model = f"http://127.0.0.1:{compose.ports[8700]}/digits-cnn"
    assert ask(f"{model}/card") == 401
    assert ask(f"{model}/card", f"Bearer {compose.secrets['TUNER_SERVE_TOKEN']}")["name"] == "digits-cnn"
    service = compose.running.pop("serve")
    end(service.process, timeout=90)  # its stop_grace_period
    assert "Ending digits-cnn" in service.log.read_text()
    assert ask(f"{compose.dashboard}/api/serve/applications/", logins(compose)[1])["applications"] == {}


def test_the_database_is_brought_to_a_new_schema_without_a_password_being_typed(compose: Compose) -> None:
    mlflow = compose.running["mlflow"]
    words = (sys.executable, str(DOCKER / "mlflow_server.py"), "upgrade")
    done = subprocess.run(words, env=mlflow.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert mlflow.process.poll() is None
