"""A sweep of a user's own dataset and model, whose files are deleted while it runs; on a cluster, too."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from support.common import Command, Start, wait_for_epochs
from support.json_check import check_json
from support.own_code import delete_code, write_own_code
from support.processes import end
from support.ray_cluster import ray_cluster

LOAD = """
import sys, mlflow, numpy as np
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/my_data-my_model/1")
dark = np.zeros((1, 1, 8, 8), np.uint8)
dark[0, 0, 4:] = 200
print(model.predict(dark).round(3).to_json(orient="records"))
"""


def write_image(file: Path) -> None:
    image = Image.new("L", (8, 8), 30)
    image.paste(200, (0, 4, 8, 8))
    image.save(file)


def test_goes_on_predicts_and_loads_after_kill_9_when_the_files_are_gone(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    write_own_code(tmp_path)
    words = ("sweep", "my_data.py", "my_model.py", "--trials", "4", "--max-epochs", "27")
    process = start(*words, folder=tmp_path)
    name = "my_data-my_model-1"
    wait_for_epochs(tmp_path, 2, process, name)
    end(process, signal.SIGKILL)
    assert not (tmp_path / "runs" / name / "result.json").exists()
    delete_code(tmp_path)
    done = tuner("resume", name, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"my_data.py, points.py no longer there: {name} goes on with the copy that it began with" in done.stderr
    result = check_json("resume NAME", done.stdout)
    assert result["finished"]
    assert result["model"]["uri"].startswith("models:/my_data-my_model")

    write_image(tmp_path / "new.png")
    said = tuner("predict", "my_data-my_model", "new.png", "--json", folder=tmp_path)
    assert said.returncode == 0, said.stderr
    assert [each["class"] for each in json.loads(said.stdout)] == ["down"]
    assert "runs code of its own" in said.stderr
    uri = f"sqlite:///{tmp_path}/runs/mlflow.db"
    loaded = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", LOAD, uri], capture_output=True, text=True, check=False, cwd="/"
    )
    assert loaded.returncode == 0, loaded.stderr
    [row] = json.loads(loaded.stdout.splitlines()[-1])
    assert row["down"] > row["up"]

    shown = tuner("report", name, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr


@pytest.mark.proof
def test_goes_to_a_cluster_with_what_it_imports(tuner: Command, tmp_path: Path) -> None:
    write_own_code(tmp_path)
    with ray_cluster(cpus=2) as cluster:
        words = ("sweep", "my_data.py", "my_model.py", "--trials", "3", "--max-epochs", "3")
        done = tuner(*words, "--address", cluster.address, "--attach", "--json", folder=tmp_path, **cluster.client)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["finished"]
        assert result["sweep"] == "my_data-my_model-1"
        folder = cluster.nodes[0].folder / "tuner-runs" / result["sweep"]
        names = sorted(str(path.relative_to(folder / "code")) for path in (folder / "code").rglob("*.py"))
        assert names == [
            "dataset/0/my_data.py",
            "dataset/0/points.py",
            *(
                f"model/0/{each}"
                for each in ("layers/__init__.py", "layers/dense.py", "layers/names.py", "my_model.py")
            ),
        ]
        delete_code(tmp_path)
        more = tuner("resume", result["sweep"], "--trials", "4", folder=tmp_path, **cluster.client)
        assert more.returncode == 0, more.stderr
