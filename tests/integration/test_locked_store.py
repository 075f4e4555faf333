"""A local MLflow file that another process keeps locked, again and again, costs time and nothing else."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults.inventory import inventory
from support.common import Command

TRIALS, GAP_S = 4, 1.0
HOLDER = """
import random, sqlite3, sys, time
seconds, file = random.Random(1), sqlite3.connect(sys.argv[1], timeout=120, isolation_level=None)
while True:
    file.execute("BEGIN EXCLUSIVE")
    print("locked", flush=True)
    time.sleep(seconds.uniform(20, 40))
    file.execute("ROLLBACK")
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def locked(database: Path) -> Iterator[subprocess.Popen[str]]:
    """A process has the file locked for 20 to 40 s, releases it for a second, and so on; the file is locked now."""
    command = [sys.executable, "-c", HOLDER, str(database), str(GAP_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.mark.proof
def test_a_sweep_whose_mlflow_file_is_locked_for_long_stretches_loses_nothing(
    tuner: Command, database: Path, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    shutil.copyfile(database, tmp_path / "runs/mlflow.db")
    words = ("--trials", str(TRIALS), "--max-epochs", "4", "--limit", "300", "--set", "width=0.25", "--name", "x")
    with locked(tmp_path / "runs/mlflow.db") as process:
        done = tuner("sweep", "digits", "cnn", *words, "--json", folder=tmp_path)
        assert process.poll() is None
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"]
    assert "too long" not in done.stderr
    assert "Traceback" not in done.stderr
    assert f"runs/mlflow.db is locked by process {process.pid} (python" in done.stderr
    found = inventory(tmp_path / "runs", "x", TRIALS)
    assert (found.trials, found.lost, found.wrong) == (TRIALS, (0, 0, 0), [])
