"""Ray's files lie where this user alone can write, or where they were told to lie."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tuner.core.errors import SweepError
from tuner.execution import ray_folder
from tuner.execution.ray_folder import choose_folder, full_disk

THEN = "then: tuner resume x"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that all may write to, such as /tmp."""
    folder = tmp_path / "t"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setenv("RAY_TMPDIR", "")  # so that what is set is taken back
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def refusal() -> str:
    with pytest.raises(SweepError) as told:
        choose_folder(THEN)
    assert str(told.value).endswith(THEN)
    return str(told.value)


def test_in_a_folder_of_all_users_there_is_one_for_this_user_alone(shared: Path) -> None:
    own = shared / f"ray-of-{os.getuid()}"
    own.mkdir(mode=0o777)
    assert choose_folder(THEN) == own / "ray"
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert os.environ["RAY_TMPDIR"] == str(own)
    assert choose_folder(THEN) == own / "ray", "of a second sweep in the same process"


def test_a_folder_of_this_user_or_a_chosen_one_is_taken_as_it_is(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert choose_folder(THEN) == tmp_path / "ray"
    monkeypatch.setenv("RAY_TMPDIR", str(shared))
    assert choose_folder(THEN) == shared / "ray"


def test_a_folder_that_is_not_this_users_is_refused(shared: Path) -> None:
    (shared / f"ray-of-{os.getuid()}").symlink_to("/usr")
    assert "is another user's: set RAY_TMPDIR to a folder of your own, " in refusal()


def test_a_missing_folder_is_told(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/proc/nothing")
    assert refusal().startswith("Ray cannot write to /proc/nothing (No such file or directory): set RAY_TMPDIR to a")


def test_a_full_disk_is_told(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_folder, "LEAST_DISK", 1 << 60)
    assert "where Ray keeps its files, is full: free some space, then: " in refusal()


def test_a_disk_that_became_full_is_named_unless_ray_is_a_clusters(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert full_disk() == ""
    monkeypatch.setattr(ray_folder, "FULL", 1 << 60)
    assert full_disk() == f"the disk of {shared}, where Ray keeps its files, is full"
    monkeypatch.setenv("TUNER_ON_CLUSTER", "1")
    assert full_disk() == ""
