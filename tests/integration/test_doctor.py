"""`tuner doctor` as a newcomer types it, and where all is broken."""

from __future__ import annotations

import json
from pathlib import Path

from support.common import Command

SECRET = "0123456789abcdef"
TORCHVISION = 'raise RuntimeError("operator torchvision::nms does not exist")\n'


def test_a_newcomer_reads_a_line_for_each_thing_and_nothing_is_made(tuner: Command, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = tuner("doctor", folder=folder, HOME=str(tmp_path), PATH="/nowhere", TUNER_DATA="", TUNER_ADDRESS="")
    assert done.returncode == 0, done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    lines = [line.split("good  ", 1) for line in done.stdout.splitlines()]
    names = ["Python", "packages", "Ray", "torch", "GPU", "CPU", "TUNER_HOME", "TUNER_DATA", "RAY_TMPDIR"]
    assert [name.strip() for name, _ in lines] == [*names, "warm starts", "data sets", "MLflow", "token", "cluster"]
    assert list(folder.iterdir()) == []


def test_all_that_is_broken_is_named_at_once_with_its_mend(tuner: Command, tmp_path: Path) -> None:
    (tmp_path / "site" / "other-0.1.dist-info").mkdir(parents=True)  # installed there: the folder is meant
    (tmp_path / "site" / "torchvision.py").write_text(TORCHVISION)
    token = tmp_path / "token"
    token.write_text(SECRET)
    token.chmod(0o640)
    done = tuner(
        *("doctor", "--json", "--address", "http://127.0.0.1:9"),
        folder=tmp_path,
        PYTHONPATH=str(tmp_path / "site"),
        RAY_AUTH_TOKEN_PATH=str(token),
        MLFLOW_TRACKING_URI=f"http://ann:{SECRET}@127.0.0.1:9",
        TUNER_HOME=str(tmp_path / "what?"),
    )
    assert done.returncode == 1
    mends = {found["name"]: found["mend"] for found in json.loads(done.stdout) if not found["good"]}
    assert mends["torch"].startswith("pip install --force-reinstall 'torch==")
    assert mends["token"] == f"chmod 600 {token}"
    assert "disks" in mends
    assert "MLflow" in mends
    assert "cluster" in mends
    assert SECRET not in done.stdout + done.stderr
