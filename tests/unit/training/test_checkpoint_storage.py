"""Checkpoints that are kept elsewhere."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tuner.core.errors import TunerError
from tuner.training.checkpoint_storage import UriStorage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "0003" / "checkpoint.pt"
    path.parent.mkdir()
    path.write_bytes(b"first" * 10**6)
    return path


def test_a_file_comes_back_on_another_node_as_it_was_last_kept(tmp_path: Path, file: Path) -> None:
    storage = UriStorage((tmp_path / "far away").as_uri())
    storage.check()
    storage.put(3, 9, file)
    file.write_bytes(b"second")
    storage.put(3, 10, file)
    assert [path.name for path in (tmp_path / "far away").iterdir()] == ["0003-000010.pt"]
    other: UriStorage = pickle.loads(pickle.dumps(storage))
    there = tmp_path / "node" / "0003" / "checkpoint.pt"
    assert other.get(3, there)
    assert there.read_bytes() == b"second"
    assert not other.get(4, tmp_path / "node" / "0004" / "checkpoint.pt")
    assert not (tmp_path / "node" / "0004" / "checkpoint.pt").exists()
    other.clear()
    other.clear()
    assert not storage.get(3, there)


def test_what_a_node_that_wakes_late_keeps_is_not_what_the_trial_goes_on_from(tmp_path: Path, file: Path) -> None:
    storage = UriStorage((tmp_path / "far away").as_uri())
    file.write_bytes(b"of the node that has the trial now")
    storage.put(3, 9, file)
    file.write_bytes(b"late")
    storage.put(3, 7, file)
    assert storage.get(3, file)
    assert file.read_bytes() == b"of the node that has the trial now"
    storage.put(3, 10, file)
    assert [path.name for path in (tmp_path / "far away").iterdir()] == ["0003-000010.pt"]


def test_a_place_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    for uri in ((tmp_path / "taken").as_uri(), "nonsense://x/y", "no uri"):
        with pytest.raises(TunerError) as caught:
            UriStorage(uri).check()
        assert str(caught.value).startswith(f"--storage {uri}: ")
        assert "\n" not in str(caught.value)
