"""What one process of a node has computed, the others read: once, whoever is killed and whatever is damaged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tuner.training import feature_files
from tuner.training.feature_files import FeatureFiles

FEATURES = torch.arange(12).reshape(4, 3).to(torch.bfloat16)
PROGRAM = """
import sys, time
from pathlib import Path
import torch
from tuner.training.feature_files import FeatureFiles
folder, noted = Path(sys.argv[1]), Path(sys.argv[2])
def compute():
    with noted.open("a") as file:
        file.write("computed\\n")
    time.sleep(float(sys.argv[3]))
    return torch.ones(4, 3)
print(float(FeatureFiles(folder).get("key", compute).sum()), flush=True)
"""


def start(folder: Path, noted: Path, seconds: float) -> subprocess.Popen[str]:
    """A process that computes features for so long, if no other one does."""
    words = [sys.executable, "-c", PROGRAM, str(folder), str(noted), str(seconds)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def computed(noted: Path) -> int:
    return len(noted.read_text().splitlines()) if noted.exists() else 0


def refuse() -> torch.Tensor:
    raise AssertionError("they are there already")


def test_what_was_computed_is_read_by_the_next(tmp_path: Path) -> None:
    first = FeatureFiles(tmp_path).get("key", lambda: FEATURES)
    second = FeatureFiles(tmp_path).get("key", refuse)
    assert first is not None
    assert second is not None
    assert second.dtype == torch.bfloat16
    assert torch.equal(first, FEATURES)
    assert torch.equal(second, FEATURES)
    assert FeatureFiles(tmp_path).peek("another") is None


def test_of_two_processes_at_once_one_computes_and_the_other_waits(tmp_path: Path) -> None:
    both = [start(tmp_path / "node", tmp_path / "noted", 0.5) for _ in range(2)]
    assert [each.communicate()[0] for each in both] == ["12.0\n"] * 2
    assert computed(tmp_path / "noted") == 1


def test_each_node_computes_them_once(tmp_path: Path) -> None:
    four = [start(tmp_path / f"node{number % 2}", tmp_path / f"noted{number % 2}", 0.2) for number in range(4)]
    assert [each.communicate()[0] for each in four] == ["12.0\n"] * 4
    assert [computed(tmp_path / f"noted{node}") for node in range(2)] == [1, 1]


def test_when_the_one_that_computes_is_killed_the_one_that_waits_computes(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    killed = start(tmp_path / "node", noted, 600)
    while not computed(noted):
        assert killed.poll() is None
        time.sleep(0.05)
    other = start(tmp_path / "node", noted, 0)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert other.communicate()[0] == "12.0\n"
    assert computed(noted) == 2


@pytest.mark.parametrize("how", ["cut", "changed", "empty"])
def test_a_damaged_file_is_computed_anew(tmp_path: Path, how: str) -> None:
    FeatureFiles(tmp_path).get("key", lambda: FEATURES)
    file = tmp_path / "key.safetensors"
    good = file.read_bytes()
    file.write_bytes({"cut": good[:-2], "changed": good[:-1] + bytes([good[-1] ^ 1]), "empty": b""}[how])
    assert FeatureFiles(tmp_path).peek("key") is None
    again = FeatureFiles(tmp_path).get("key", lambda: FEATURES)
    assert again is not None
    assert torch.equal(again, FEATURES)
    assert file.read_bytes() == good


def test_where_nothing_can_be_written_they_are_given_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = FeatureFiles(tmp_path / "file").get("key", lambda: FEATURES)
    assert found is not None
    assert torch.equal(found, FEATURES)


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_files, "LEAST_FREE", 1 << 62)
    assert FeatureFiles(tmp_path).get("key", lambda: FEATURES) is not None
    assert list(tmp_path.iterdir()) == []


def test_those_that_were_not_used_for_longest_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = FeatureFiles(tmp_path)
    for number, key in enumerate(("a", "b", "c")):
        files.get(key, lambda: FEATURES)
        os.utime(tmp_path / f"{key}.safetensors", (number, number))
    assert files.peek("a") is not None  # it is used now
    monkeypatch.setattr(feature_files, "MOST_BYTES", 2 * (tmp_path / "a.safetensors").stat().st_size)
    files.get("d", lambda: FEATURES)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.safetensors", "d.safetensors"]


def test_where_there_are_none_nothing_is_kept(tmp_path: Path) -> None:
    assert FeatureFiles(tmp_path).get("key", lambda: None) is None
    assert list(tmp_path.iterdir()) == []
