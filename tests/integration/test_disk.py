"""What sweeps take on the disk: `tuner du`, `tuner list --sweeps` and `tuner status NAME`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.common import Typed
from support.small_trainings import PAIR
from support.two_models import FIRST, SECOND

from tuner.core.config import SweepConfig
from tuner.core.deletion import Deletion
from tuner.core.disk_usage import disk_usage


@pytest.fixture
def home(home: Path, trained: Path) -> Path:
    shutil.copytree(trained, home)
    return home


def test_a_folder_takes_what_du_says_with_links_counted_once(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_bytes(b"x" * 70_000)
    (folder / "deep" / "same").hardlink_to(folder / "a")
    (folder / "deep" / "link").symlink_to(tmp_path)
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    counted = subprocess.run(["du", "-s", "-B1", str(folder)], capture_output=True, text=True, check=True).stdout
    assert disk_usage(folder) == int(counted.split()[0])
    assert 70_000 <= disk_usage(folder) < 140_000
    assert disk_usage(tmp_path / "missing") == 0


def test_each_part_of_the_home_folder_is_counted_once(
    home: Path, caches: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (caches / "mnist").mkdir(parents=True)
    (caches / "mnist" / "images").write_bytes(b"x" * 50_000)
    (home / "pictures").mkdir()
    (home / "pictures" / "a.png").write_bytes(b"x" * 9_000)
    code, out, _ = typed("du", "--json")
    found = json.loads(out)
    sweeps = {each["sweep"]: each for each in found["sweeps"]}
    assert (code, list(sweeps)) == (0, [FIRST, SECOND])
    artifacts = disk_usage(home / "artifacts" / PAIR)
    for name, sweep in sweeps.items():
        assert sweep["folder"] == disk_usage(home / name)
        assert sweep["bytes"] == sweep["folder"] + sweep["artifacts"]
        assert artifacts / 3 < sweep["artifacts"] < artifacts
    assert found["store"] >= disk_usage(home / "mlflow.db")
    assert found["others"]["pictures"] == disk_usage(home / "pictures")
    assert found["datasets"] == {"mnist": disk_usage(caches / "mnist")}
    frame = 4096  # bytes at most of a folder itself, such as the home folder
    assert abs(found["total"] - disk_usage(home) - disk_usage(caches)) <= 2 * frame
    monkeypatch.setenv("TUNER_DATA", str(home / "data"))
    (home / "data").mkdir()
    shutil.move(caches / "mnist", home / "data" / "mnist")
    inside = json.loads(typed("du", "--json")[1])
    assert abs(inside["total"] - disk_usage(home)) <= 2 * frame
    assert "data" not in inside["others"]
    code, out, _ = typed("du")
    assert code == 0
    assert f"{SECOND}  (folder " in out
    assert " in all; " in out


def test_the_list_of_sweeps_has_pair_score_and_size(home: Path, typed: Typed) -> None:
    code, out, _ = typed("list", "--sweeps", "--json")
    rows = json.loads(out)
    assert (code, [row["sweep"] for row in rows]) == (0, [FIRST, SECOND])
    for row in rows:
        assert (row["pair"], row["state"], row["trials"]["done"]) == (PAIR, "finished", 1)
        assert row["best"] > 0.5
        assert row["began"] < row["finished"]
        assert row["disk_bytes"] == disk_usage(home / row["sweep"])
    status = json.loads(typed("status", FIRST, "--json")[1])
    assert status["disk_bytes"] == rows[0]["disk_bytes"]
    assert f"{status['best']['val_accuracy']:.4f}"[:4] in typed("list", "--sweeps")[1]
    assert "\ndisk      " in typed("status", FIRST)[1]
    Deletion.begin(home / SECOND, SweepConfig.load(home / SECOND).uid, keep_model=False)
    code, out, err = typed("list", "--sweeps")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, ["sweep", FIRST])
    said = f"being deleted: {SECOND} (to finish it: tuner rm {SECOND})"
    assert err == f"{said}\n"
    assert said in typed("status")[1]
    assert f"being deleted: tuner rm {SECOND} finishes it" in typed("du")[1]
    (home / FIRST).rename(home / "renamed")
    code, out, _ = typed("list", "--sweeps", "--json")
    assert [(row["sweep"], row["disk_bytes"]) for row in json.loads(out)] == [("renamed", rows[0]["disk_bytes"])]
