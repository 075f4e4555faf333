"""The service of docker/ in real containers, each step as docker/README.md has it: see support/containers.py.

The tests follow one another on the same services.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.common import Command
from support.containers import LISTEN, WORKERS, Stack, ask, containers

pytestmark = pytest.mark.proof
TRIALS = 8
SIZE = ("--trials", str(TRIALS), "--max-epochs", "3", "--set", "width=0.5", "--set", "optimizer=adam")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with containers(tmp_path_factory.mktemp("service")) as stack:
        stack.build()
        yield stack


@pytest.fixture
def mine(tmp_path: Path, stack: Stack) -> dict[str, str]:
    """The environment of somebody of the team."""
    return {"HOME": str(tmp_path), "TUNER_ADDRESS": stack.dashboard, "RAY_AUTH_TOKEN": stack.secrets["RAY_AUTH_TOKEN"]}


def status(tuner: Command, mine: dict[str, str], folder: Path, name: str) -> dict[str, Any]:
    done = tuner("status", name, "--json", folder=folder, **mine)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def wait_for_epochs(stack: Stack, tuner: Command, mine: dict[str, str], folder: Path, name: str, count: int) -> None:
    def enough() -> bool:
        found = status(tuner, mine, folder, name)
        return int(found["epochs"]) >= count or found["state"] == "finished"

    stack.wait(enough, f"{name} has {count} epochs")


def end_of(tuner: Command, mine: dict[str, str], folder: Path, name: str) -> dict[str, Any]:
    """The status of a sweep that has come to its end."""
    watched = tuner("status", name, "--watch", folder=folder, **mine)
    assert watched.returncode == 0, watched.stderr
    found = status(tuner, mine, folder, name)
    assert found["state"] == "finished", found
    return found


def all_there_is(stack: Stack, tuner: Command, mine: dict[str, str], folder: Path) -> dict[str, Any]:
    """The sweeps on the head, and in MLflow the runs, the champion and what its files weigh."""
    sweeps = tuner("status", "--json", folder=folder, **mine)
    assert sweeps.returncode == 0, sweeps.stderr
    experiments = stack.ask_mlflow("experiments/search", {"max_results": 100})["experiments"]
    ids = [each["experiment_id"] for each in experiments]
    runs = stack.ask_mlflow("runs/search", {"experiment_ids": ids, "max_results": 1000})["runs"]
    metrics = {run["info"]["run_id"]: sorted_metrics(run) for run in runs}
    champion = ask(
        f"{stack.mlflow}/api/2.0/mlflow/registered-models/alias?name=digits-cnn&alias=champion",
        {"Authorization": stack.basic},
    )["model_version"]
    files = stack.run(
        stack.engine.program, "exec", stack.containers("mlflow")[0], "sh", "-c", "cd /artifacts; find . -type f | sort"
    )
    return {
        "sweeps": json.loads(sweeps.stdout),
        "runs": metrics,
        "champion": (champion["version"], champion["run_id"]),
        "files": files.decode().splitlines(),
    }


def sorted_metrics(run: dict[str, Any]) -> list[tuple[str, float]]:
    return sorted((each["key"], each["value"]) for each in run["data"].get("metrics", []))


def test_services_come_up_in_any_order_and_refuse_strangers(
    stack: Stack, tuner: Command, mine: dict[str, str], tmp_path: Path
) -> None:
    for service in ("worker", "mlflow"):  # neither has what it needs
        stack.compose("up", "--detach", "--no-build", "--no-deps", service)
    time.sleep(10)
    stack.up()
    assert [len(stack.containers(name)) for name in ("postgres", "mlflow", "head", "worker")] == [1, 1, 1, WORKERS]

    experiments = f"{stack.mlflow}/api/2.0/mlflow/experiments/search"
    assert ask(experiments, {}, {"max_results": 1}) == 401
    assert ask(experiments, {"Authorization": f"{stack.basic[:-6]}AAAA=="}, {"max_results": 1}) == 401
    assert ask(f"{stack.dashboard}/api/jobs/", {}) == 401
    assert ask(f"{stack.dashboard}/api/jobs/", {"Authorization": f"Bearer {'0' * 64}"}) == 403
    for token, why in (("", "the cluster asks for a token"), ("0" * 64, "the cluster has another token")):
        refused = tuner("sweep", "digits", "cnn", folder=tmp_path, **{**mine, "RAY_AUTH_TOKEN": token})
        assert refused.returncode == 2
        assert why in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert ask(f"{stack.dashboard}/api/jobs/", {"Authorization": stack.bearer}) == []
    files = ("sh", "-c", "for each in /proc/[0-9]*; do grep -q gcs_server $each/comm && cat $each/limits; done; true")
    limits = stack.run(stack.engine.program, "exec", stack.containers("head")[0], *files).decode().splitlines()
    [(soft, hard)] = [line.split()[3:5] for line in limits if line.startswith("Max open files")]
    assert soft in (hard, "65536"), "as many as the machine allows"


def test_a_sweep_from_outside_survives_the_death_of_a_worker(
    stack: Stack, tuner: Command, mine: dict[str, str], tmp_path: Path
) -> None:
    begun = tuner("sweep", "digits", "cnn", *SIZE, "--name", "one", folder=tmp_path, **mine)
    assert begun.returncode == 0, begun.stderr
    wait_for_epochs(stack, tuner, mine, tmp_path, "one", 2)
    victim = stack.containers("worker")[0]
    before = set(stack.nodes())
    stack.run(stack.engine.program, "kill", victim)
    found = end_of(tuner, mine, tmp_path, "one")
    assert found["trials"].get("done", 0) + found["trials"].get("pruned", 0) == TRIALS
    stack.up()
    assert len(before & set(stack.nodes())) == WORKERS, "one node is new"
    assert all_there_is(stack, tuner, mine, tmp_path)["champion"][0] == "1"


def test_a_model_is_served_beside_the_sweeps(stack: Stack) -> None:
    url = f"http://{LISTEN}:8700/digits-cnn"
    image, token = {"inputs": [[[[0.0] * 8] * 8]]}, {"Authorization": f"Bearer {stack.secrets['TUNER_SERVE_TOKEN']}"}
    stack.compose("--profile", "serve", "up", "--detach", "--no-build", "serve")

    def answers() -> bool:
        try:
            return isinstance(ask(f"{url}/invocations", token, image), dict)
        except OSError:
            return False

    stack.wait(answers, "the model answers")
    assert len(ask(f"{url}/invocations", token, image)["predictions"]) == 1
    assert ask(f"{url}/invocations", {}, image) == 401
    stack.compose("--profile", "serve", "stop", "serve")
    stack.wait(lambda: not answers(), "it ends what it has begun")


def test_nothing_is_lost_when_it_is_stopped_and_started_again(
    stack: Stack, tuner: Command, mine: dict[str, str], tmp_path: Path
) -> None:
    before = all_there_is(stack, tuner, mine, tmp_path)
    stack.compose("down")
    assert stack.containers("head") == []
    stack.up()
    assert all_there_is(stack, tuner, mine, tmp_path) == before


def test_a_backup_brings_all_of_it_back(stack: Stack, tuner: Command, mine: dict[str, str], tmp_path: Path) -> None:
    before, project, program = all_there_is(stack, tuner, mine, tmp_path), stack.project, stack.engine.program
    volumes = [f"--volume={project}_{name}:/{name}" for name in ("artifacts", "sweeps")]
    archive = (program, "run", "--rm", "--user=root", *volumes, f"--volume={tmp_path}:/to", "tuner:cpu", "tar")
    dump = stack.compose("exec", "-T", "postgres", "pg_dumpall", "--username=tuner", "--clean", "--if-exists")
    stack.run(*archive, "-czf", "/to/tuner.tgz", "/artifacts", "/sweeps")
    stack.compose("down", "--volumes")

    stack.compose("up", "--detach", "--no-build", "postgres")
    ready = ("exec", "-T", "postgres", "pg_isready", "--host=127.0.0.1", "--username=tuner")
    stack.wait(lambda: stack.answers(*ready), "PostgreSQL answers")
    stack.compose("exec", "-T", "postgres", "psql", "--username=tuner", "--dbname=postgres", given=dump)
    stack.compose("up", "--no-start", "--no-build")
    stack.run(*archive, "-xzf", "/to/tuner.tgz", "-C", "/")
    stack.up()
    assert all_there_is(stack, tuner, mine, tmp_path) == before


def test_a_paused_sweep_goes_on_after_an_upgrade(
    stack: Stack, tuner: Command, mine: dict[str, str], tmp_path: Path
) -> None:
    begun = tuner("sweep", "digits", "cnn", *SIZE, "--trials", "2000", "--name", "two", folder=tmp_path, **mine)
    assert begun.returncode == 0, begun.stderr
    wait_for_epochs(stack, tuner, mine, tmp_path, "two", 2)
    assert tuner("pause", "two", folder=tmp_path, **mine).returncode == 0
    stack.wait(lambda: status(tuner, mine, tmp_path, "two")["state"] == "paused", "it is paused")
    kept = status(tuner, mine, tmp_path, "two")["epochs"]

    with (stack.folder / "tuner" / "__init__.py").open("a", encoding="utf-8") as file:
        file.write('\nUPGRADED = "yes"\n')
    stack.build()
    stack.compose("stop", "mlflow")
    stack.compose("run", "--rm", "mlflow", "python", "/opt/tuner/mlflow_server.py", "upgrade")
    stack.up("--force-recreate")
    for service in ("head", "worker"):
        code = ("python", "-c", "import tuner; print(tuner.UPGRADED)")
        assert stack.run(stack.engine.program, "exec", stack.containers(service)[0], *code) == b"yes\n"

    resumed = tuner("resume", "two", folder=tmp_path, **mine)
    assert resumed.returncode == 0, resumed.stderr
    wait_for_epochs(stack, tuner, mine, tmp_path, "two", kept + 2)
    assert tuner("stop", "two", folder=tmp_path, **mine).returncode == 0
    assert end_of(tuner, mine, tmp_path, "two")["epochs"] >= kept + 2
