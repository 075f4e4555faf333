"""Sweeps handed to a cluster through Ray's job API, and steered there from another folder."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.job_submission import JobSubmissionClient
from support.common import Command, Start, read_runs
from support.json_check import check_json
from support.processes import wait_until
from support.ray_cluster import Cluster, ray_cluster

from tuner.core.package import copy_package
from tuner.search.study_reader import read_records
from tuner.sweeps.lock import last_driver

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with ray_cluster(cpus=2) as cluster:
        yield cluster


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path


def jobs(cluster: Cluster) -> list[dict[str, Any]]:
    found: Any = cluster.ask("/api/jobs/")
    return sorted(found, key=lambda job: job["start_time"])


def home(cluster: Cluster) -> Path:
    """Of the sweeps, on the head."""
    return cluster.nodes[0].folder / "tuner-runs"


def test_own_data_a_space_and_the_code_go_along(tuner: Command, cluster: Cluster, here: Path, tmp_path: Path) -> None:
    rows = [f"{60 - n},{n % 7},{'yes' if n % 3 else 'no'}" for n in range(60)]
    (here / "t.csv").write_text("\n".join(["a,b,c", *rows]))
    (here / "s.toml").write_text("epochs = 4\n[params]\nbatch_size = 8\nlr = { low = 0.001, high = 0.1, log = true }\n")
    package = copy_package(tmp_path / "changed")
    outcome = package / "core" / "outcome.py"
    outcome.write_text(
        outcome.read_text().replace('"sweep": self.config.name', '"changed": True, "sweep": self.config.name')
    )
    words = ("sweep", "csv:t.csv", "lstm", "--target", "c", "--space", "s.toml", "--trials", "3")
    options = ("--address", cluster.address, "--attach", "--json")
    done = tuner(*words, *options, folder=here, PYTHONPATH=str(package.parent), **cluster.client)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["changed"]
    assert result["finished"]
    # it may be no better than its base
    assert result["model"]["uri"] in {"models:/csv_t_c-lstm@champion", "models:/csv_t_c-lstm/1"}
    assert (home(cluster) / result["sweep"] / "report" / "report.html").exists()
    assert not (here / "runs" / "mlflow.db").exists()
    job = jobs(cluster)[-1]
    assert job["submission_id"] == "tuner-csv_t_c-lstm-1"
    expected = {"tuner_sweep": "csv_t_c-lstm-1", "tuner_dataset": "csv:t.csv", "tuner_model": "lstm"}
    assert job["metadata"] == expected
    assert len(job["runtime_env"]["py_modules"]) == 2
    assert cluster.token not in json.dumps(jobs(cluster))


def test_a_sweep_is_looked_at_paused_gone_on_with_and_stopped_from_afar(
    tuner: Command, cluster: Cluster, here: Path
) -> None:
    def ask(*words: str, code: int = 0) -> str:
        done = tuner(*words, folder=here, **cluster.client)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def state() -> str:
        return str(json.loads(tuner("status", "x", "--json", folder=here, **cluster.client).stdout)["state"])

    long = ("sweep", "digits", "cnn", "--trials", "60", "--max-epochs", "27", "--name", "x")
    begun = tuner(*long, "--address", cluster.address, "--json", folder=here, **cluster.client).stdout
    assert check_json("sweep DATASET MODEL --address URL", begun) == {
        "sweep": "x",
        "address": cluster.address,
        "job": "tuner-x",
    }
    assert "py_modules" not in jobs(cluster)[-1]["runtime_env"], "the cluster has this very version"
    assert f"on {cluster.address}:" in ask("status")
    ask("pause", "x")
    assert wait_until(lambda: state() not in ("running", "pausing"), poll=1)
    assert state() == "paused"
    assert "error: the sweep x is not running" in ask("stop", "x", code=2)
    resumed = tuner("resume", "x", "--json", folder=here, **cluster.client).stdout
    check_json("resume NAME --address URL", resumed)
    assert "tuner-x-2" in {job["submission_id"] for job in jobs(cluster)}
    journal = home(cluster) / "x" / "study.log"
    assert wait_until(lambda: any(record.values for record in read_records(journal)), poll=0.5)
    assert "trial 0  begins: batch_size=" in ask("logs", "x", "--trial", "0")
    assert "registered" in ask("stop", "x")
    watched = ask("status", "x", "--watch")
    assert "x: cnn on digits, finished" in watched
    result = json.loads((home(cluster) / "x" / "result.json").read_text())
    assert result["finished"]
    runs = read_runs(f"sqlite:///{home(cluster) / 'mlflow.db'}", "digits-cnn")
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}

    taken = ask(*long, "--address", cluster.address, code=2)
    assert "--name 'x' is taken" in taken
    page = home(cluster) / "x" / "report" / "report.html"
    assert wait_until(page.exists, poll=0.5)
    assert "error: the sweep x is finished" in ask("resume", "x", code=2)
    shutil.rmtree(page.parent)  # as a kill at its very end leaves it
    assert ask("resume", "x").startswith("x: ")
    assert page.exists()


def test_two_sweeps_share_the_cluster_and_tell_prometheus(tuner: Command, cluster: Cluster, here: Path) -> None:
    """Each of them alone would take both CPUs."""
    names = ("one", "two")
    for name in names:
        words = ("sweep", "digits", "cnn", "--trials", "60", "--max-epochs", "27", "--name", name)
        begun = tuner(*words, "--address", cluster.address, folder=here, **cluster.client)
        assert begun.returncode == 0, begun.stderr

    def live(name: str) -> int:
        driver = last_driver(home(cluster) / name)
        assert driver is not None
        assert not driver.ended
        return len(driver.live)

    assert wait_until(lambda: [live(name) for name in names] == [1, 1])
    trained = {name: len(read_records(home(cluster) / name / "study.log")) for name in names}

    def both_went_on() -> bool:
        assert all(live(name) <= 1 for name in names), "both go on, and neither takes more than its part"
        return all(len(read_records(home(cluster) / name / "study.log")) > trained[name] + 1 for name in names)

    assert wait_until(both_went_on)
    seen = r'ray_tuner_%s{.*sweep="%s".*} [0-9.]+'
    metrics = ("trials", "best_score", "epochs_per_second")

    def told() -> bool:
        return all(re.search(seen % (metric, name), cluster.metrics()) for metric in metrics for name in names)

    assert wait_until(told, poll=1)
    for name in names:
        assert tuner("stop", name, "--now", folder=here, **cluster.client).returncode == 0


@pytest.mark.parametrize(
    ("words", "change", "message"),
    [
        (("status",), {"RAY_AUTH_TOKEN": "0" * 64}, "the cluster has another token than RAY_AUTH_TOKEN"),
        (("status",), {"RAY_AUTH_TOKEN": "", "HOME": "/nowhere"}, "the cluster asks for a token: set RAY_AUTH_TOKEN"),
        (("sweep", "digits", "cn"), {}, "unknown model 'cn': did you mean cnn?"),
        (("sweep", "digits", "cnn", "--space", "none.toml"), {}, "--space none.toml: No such file or directory"),
        (("stop", "never"), {}, "unknown sweep 'never': "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tuner: Command, cluster: Cluster, here: Path, words: tuple[str, ...], change: dict[str, str], message: str
) -> None:
    before = len(jobs(cluster))
    done = tuner(*words, "--address", cluster.address, folder=here, **{**cluster.client, **change})
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    if words[0] == "sweep":
        assert len(jobs(cluster)) == before


def test_a_place_without_a_cluster_is_named(tuner: Command, here: Path) -> None:
    done = tuner("status", "--address", "http://127.0.0.1:9", folder=here)
    assert done.returncode == 2
    assert done.stderr.startswith("error: http://127.0.0.1:9: no Ray cluster answers there: ")
    assert done.stderr.count("\n") == 1


def test_a_sweep_that_gets_no_worker_says_what_it_waits_for(start: Start, cluster: Cluster, here: Path) -> None:
    """Somebody else has all CPUs for a while."""
    taken, enough = here / "taken", here / "enough"
    (here / "hold.py").write_text(
        f"import ray, time, pathlib\nray.init()\n@ray.remote(num_cpus=2)\ndef hold():\n"
        f"    pathlib.Path({str(taken)!r}).touch()\n"
        f"    while not pathlib.Path({str(enough)!r}).exists(): time.sleep(0.1)\nray.get(hold.remote())\n"
    )
    client = JobSubmissionClient(cluster.address, headers={"Authorization": f"Bearer {cluster.token}"})
    client.submit_job(entrypoint=shlex.join(["python", str(here / "hold.py")]))
    assert wait_until(taken.exists)
    words = ("sweep", "digits", "cnn", "--trials", "2", "--max-epochs", "2", "--set", "width=0.25", "--name", "patient")
    process = start(*words, "--address", cluster.address, "--attach", folder=here, **cluster.client)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("  trial 0 tries the default: ")
        line = process.stdout.readline()
    finally:
        enough.touch()
    out, err = process.communicate(timeout=300)
    assert "wait for 1 CPU each: they are in use" in line, out + err
    assert process.returncode == 0, err


def test_more_than_a_node_has_is_refused_by_the_cluster(tuner: Command, cluster: Cluster, here: Path) -> None:
    words = ("sweep", "digits", "cnn", "--gpus-per-trial", "1", "--address", cluster.address)
    done = tuner(*words, folder=here, **cluster.client)
    assert done.returncode == 2
    assert "no node of the cluster has 1 CPUs and 1 GPU for a trial: the nodes have 2 CPUs" in done.stderr
