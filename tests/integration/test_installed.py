"""The wheel in an environment of its own, used in an empty folder as by somebody who has no copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import processes
from support.common import BIN, wait_for_epochs
from support.own_training import SLOW_TRAIN
from support.processes import end
from support.ray_cluster import ray_cluster

from tuner.core.sweep_folder import SweepFolder

pytestmark = pytest.mark.proof
ROOT = Path(__file__).parents[2]
SET = ("--set", "lr=0.01..1", "--max-epochs", "9", "--trials", "3", "--objective", "loss:min")
PROGRAM = """
import json, os, sys, time
from pathlib import Path

lr, state = float(sys.argv[1]), Path(os.environ["TUNER_FOLDER"]) / "total"
begun = int(os.environ["TUNER_EPOCH"])
total = float(state.read_text()) if begun else 0.0
for epoch in range(begun, int(os.environ["TUNER_EPOCHS"])):
    time.sleep(0.3)
    total += lr
    state.write_text(str(total))
    print(json.dumps({"epoch": epoch + 1, "loss": (total - 1) ** 2, "saved": True}), flush=True)
"""


@dataclass(frozen=True)
class Installed:
    """The command of the wheel, and an environment of processes that knows nothing of this project."""

    bin: Path
    environment: dict[str, str]

    def start(self, *words: str, folder: Path, **extra: str) -> processes.Process:
        """Starts `tuner WORDS`."""
        environment = {**self.environment, "TUNER_HOME": str(folder / "runs"), **extra}
        return processes.start([self.bin / "tuner", *words], folder=folder, environment=environment)

    def run(self, *words: str, folder: Path, **extra: str) -> str:
        """Its standard output, after it has ended well."""
        process = self.start(*words, folder=folder, **extra)
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        return out


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Installed:
    folder = tmp_path_factory.mktemp("installed")

    def run(*command: str | Path) -> None:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT)
    [wheel] = (folder / "dist").glob("*.whl")
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder / "env")
    run(BIN / "uv", "pip", "install", "--quiet", "--python", folder / "env/bin/python", wheel)
    path = f"{folder}/env/bin:/usr/local/bin:/usr/bin:/bin"
    kept = {name: value for name, value in environment.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return Installed(folder / "env/bin", {**kept, "PATH": path})


def own_files(installed: Installed, folder: Path) -> tuple[str, ...]:
    for words in (("model", "mynet"), ("dataset", "mydata"), ("space", "mydata", "mynet")):
        installed.run("new", *words, folder=folder)
    for name in ("mynet", "mydata"):
        assert installed.run("check", name, folder=folder).splitlines()[-1] == "good"
    return ("mydata", "mynet", "--trials", "3", "--max-epochs", "27", "--set", "batch_size=8")


def function(_: Installed, folder: Path) -> tuple[str, ...]:
    (folder / "train.py").write_text(SLOW_TRAIN)
    return ("train.py", *SET)


def program(_: Installed, folder: Path) -> tuple[str, ...]:
    (folder / "prog.py").write_text(PROGRAM)
    return ("--script", "python prog.py {lr}", *SET)


KINDS: dict[str, Callable[[Installed, Path], tuple[str, ...]]] = {
    "mydata-mynet": own_files,
    "train": function,
    "prog": program,
}


@pytest.mark.parametrize("kind", KINDS)
def test_here_after_kill_9(installed: Installed, tmp_path: Path, kind: str) -> None:
    words = KINDS[kind](installed, tmp_path)
    name = f"{kind}-1"
    process = installed.start("sweep", *words, folder=tmp_path)
    wait_for_epochs(tmp_path, 4, process, name)
    assert process.poll() is None, process.communicate()
    end(process, signal.SIGKILL)
    assert not (tmp_path / "runs" / name / "result.json").exists()
    result = json.loads(installed.run("resume", name, "--json", folder=tmp_path))
    check(result)
    assert installed.run("best", name, "--toml", folder=tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_cluster_after_kill_9_with_the_files_gone(installed: Installed, tmp_path: Path, kind: str) -> None:
    words = KINDS[kind](installed, tmp_path)
    name = f"{kind}-1"
    with ray_cluster(cpus=2, programs=installed.bin, environment=installed.environment) as cluster:
        said = json.loads(
            installed.run("sweep", *words, "--address", cluster.address, "--json", folder=tmp_path, **cluster.client)
        )
        assert said["sweep"] == name
        home = cluster.nodes[0].folder / "tuner-runs"
        journal = SweepFolder(home / name).journal
        seen = processes.wait_until(lambda: journal.read_bytes().count(b'"epoch ') >= 4)
        assert seen, "the trials reported nothing"
        os.kill(json.loads(SweepFolder(home / name).driver.read_text())["pid"], signal.SIGKILL)
        for path in set(tmp_path.iterdir()) - {tmp_path / "runs"}:  # which knows where the sweep is
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        more = installed.run("resume", name, "--attach", "--json", folder=tmp_path, **cluster.client)
        check(json.loads(more))


def check(result: dict[str, Any]) -> None:
    assert result["finished"]
    assert sum(result["trials"].values()) == 3
    assert result["trials"].get("done"), result["trials"]
