"""The folder where a command is typed is data: files there that are called like packages are never run."""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from support import processes
from support.common import BIN, Command, Start, free_port
from support.processes import end, wait_until

from tuner.sweeps.sweep_reader import SweepReader

FILES = (
    "tuner",
    "mlflow",
    "ray",
    "queue",
    "random",
    "json",
    "logging",
    "optuna",
    "numpy",
    "pandas",
    "typing",
    "uvicorn",
)
FOLDERS = ("torch", "datasets", "models", "search_spaces", "safetensors")
TINY = ("digits", "cnn", "--max-epochs", "1", "--limit", "200", "--set", "width=0.25")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with files of these names, each of which notes that it was run, and fails."""
    folder = tmp_path / "own"
    for path in [folder / f"{name}.py" for name in FILES] + [folder / name / "__init__.py" for name in FOLDERS]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"import sys\nprint(__name__, sys.orig_argv, file=open({str(folder / 'ran')!r}, 'a'))\n1 / 0\n")
    return folder


def check_nothing_ran(folder: Path) -> None:
    assert not (folder / "ran").exists(), (folder / "ran").read_text()
    assert not (folder / "__pycache__").exists()


@pytest.mark.proof
def test_a_sweep_with_its_workers(own: Path, tuner: Command) -> None:
    """A folder `bin` with another Python, a conda environment and PYTHONPATH's empty entry change nothing either."""
    more = {"CONDA_PREFIX": str(own / "conda"), "CONDA_DEFAULT_ENV": "mine", "VIRTUAL_ENV": str(own / ".venv")}
    done = tuner("sweep", *TINY, "--trials", "2", folder=own, PYTHONPATH=f"{os.pathsep}/nowhere", **more)
    assert done.returncode == 0, done.stderr
    [hidden] = [line for line in done.stderr.splitlines() if line.startswith("PYTHONPATH: ")]
    assert hidden == f"PYTHONPATH: '{own}/json.py' hides the package json: this folder is not imported from"
    check_nothing_ran(own)


@pytest.mark.proof
def test_a_training_in_the_background_and_the_page_of_mlflow(own: Path, tuner: Command, start: Start) -> None:
    done = tuner("train", *TINY, "--detach", "--name", "x", folder=own)
    assert done.returncode == 0, done.stderr
    assert wait_until(lambda: SweepReader("x", own / "runs").status().state == "finished", timeout=300)
    port = free_port()
    page = start("ui", "--port", str(port), folder=own)
    assert wait_until(_answers(port), page), page.communicate()[1]
    end(page)
    check_nothing_ran(own)


def test_python_m_tuner(own: Path, environment: dict[str, str]) -> None:
    """But for a file tuner.py, which is what was asked for then."""
    (own / "tuner.py").unlink()
    process = processes.start([sys.executable, "-m", "tuner", "list"], folder=own, environment=environment)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "digits" in out
    check_nothing_ran(own)


def test_a_folder_of_pythonpath_that_hides_nothing_is_kept(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "tests").mkdir()
    process = processes.start(
        [BIN / "tuner", "--version"], folder=tmp_path, environment={**environment, "PYTHONPATH": "."}
    )
    assert process.communicate()[1] == ""


def _answers(port: int) -> Callable[[], bool]:
    def ask() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return True

    return ask
