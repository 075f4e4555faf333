"""Checkpoints in a storage that is away for a while: none is lost, and an older one never takes a newer one's place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.checkpoints import saved_epoch, train, training

from tuner.core.sweep_folder import checkpoint_folder
from tuner.training import checkpoint_manager, checkpoint_sync
from tuner.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE
from tuner.training.checkpoint_manager import CheckpointManager
from tuner.training.checkpoint_storage import UriStorage, last_name
from tuner.training.checkpoint_sync import DOWNLOADED_FILE, IN_USE_MARK, NOT_UPLOADED_MARK, release_folder


class Place:
    """A storage in a folder that can be taken away, and two nodes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "storage"
        self.folder.mkdir()
        self.storage = UriStorage(self.folder.as_uri())
        self.near, self.far = folder / "near", folder / "far"

    def take_away(self) -> None:
        """It answers with an error from now on."""
        self.folder.rename(self.folder.with_name("away"))
        self.folder.write_text("no folder")

    def bring_back(self) -> None:
        """It is there again, as it was."""
        self.folder.unlink()
        self.folder.with_name("away").rename(self.folder)

    def run(self, node: Path, number: int, epochs: int) -> tuple[int, list[str]]:
        """A worker trains the trial for some epochs, saved at the end. From which epoch on, and what it noted."""
        subject, place = training(), checkpoint_folder(node, number)
        checkpoints = CheckpointManager(place, self.storage)
        checkpoints.restore(subject)
        began = subject.epoch
        train(subject, epochs)
        checkpoints.save(subject, now=True)
        release_folder(place)
        return began, checkpoints.take_notes()

    def kept(self, number: int) -> int:
        """The epoch of the checkpoint that is kept of the trial."""
        name = last_name((path.name for path in self.folder.iterdir()), number)
        assert name is not None
        return saved_epoch(self.folder, name)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(checkpoint_manager, "PATIENT", (0.01, 0.01))
    for module in (checkpoint_manager, checkpoint_sync):
        monkeypatch.setattr(module, "INSISTENT", (0.01, 0.01))
    return Place(tmp_path)


def test_a_trial_goes_on_on_another_node_and_leaves_nothing_behind(place: Place) -> None:
    assert place.run(place.near, 3, 2) == (0, [])
    assert place.run(place.far, 3, 1) == (2, [])
    assert place.kept(3) == 3
    assert [*place.near.iterdir(), *place.far.iterdir()] == []


def test_what_could_not_be_kept_stays_on_its_node_and_is_kept_later(place: Place) -> None:
    place.run(place.near, 3, 2)
    place.take_away()
    began, [note] = place.run(place.near, 3, 2)
    assert began == 0
    assert note.startswith("the storage of checkpoints does not answer (")
    assert note.endswith("): it restarts from its first epoch")
    assert place.run(place.near, 3, 3)[0] == 2, "this node has what the storage lacks"
    assert saved_epoch(place.near / "0003") == 5
    place.bring_back()
    assert place.kept(3) == 2
    place.run(place.near, 4, 1)
    assert (place.kept(3), place.kept(4)) == (5, 1)
    assert list(place.near.iterdir()) == []


def test_what_a_node_has_kept_back_does_not_replace_what_came_further_elsewhere(place: Place) -> None:
    place.take_away()
    place.run(place.near, 3, 1)
    place.bring_back()
    place.run(place.far, 3, 4)
    place.run(place.near, 4, 1)
    assert place.kept(3) == 4
    assert not (place.near / "0003").exists()


def test_a_trial_that_another_worker_of_the_node_has_is_left_alone(place: Place) -> None:
    place.take_away()
    place.run(place.near, 3, 1)
    place.bring_back()
    checkpoints = CheckpointManager(place.near / "0003", place.storage)
    subject = training()
    assert checkpoints.restore(subject)
    assert subject.epoch == 1
    place.run(place.near, 4, 1)
    assert {path.name for path in (place.near / "0003").iterdir()} == {CHECKPOINT_FILE, "live", NOT_UPLOADED_MARK}
    train(subject)
    checkpoints.save(subject, now=True)
    assert place.kept(3) == 2


def test_the_newer_of_both_is_taken(place: Place) -> None:
    place.run(place.far, 3, 2)
    place.take_away()
    place.run(place.near, 3, 1)
    place.bring_back()
    assert place.run(place.near, 3, 1)[0] == 2
    assert not (place.near / "0003" / DOWNLOADED_FILE).exists()


def test_what_a_killed_worker_has_left_is_kept_by_others(place: Place) -> None:
    place.take_away()
    for number in (3, 5, 7):
        place.run(place.near, number, 2)
    place.bring_back()
    with subprocess.Popen(["true"]) as gone:
        (place.near / "0003" / IN_USE_MARK).write_text(str(gone.pid))
    (place.near / "0005" / CHECKPOINT_FILE).write_bytes(b"damaged")
    (place.near / "0007" / CHECKPOINT_FILE).rename(
        place.near / "0007" / PREVIOUS_FILE
    )  # it was killed between two renamings
    place.run(place.near, 4, 1)
    assert (place.kept(3), place.kept(7)) == (2, 2)
    assert [path.name for path in place.near.iterdir()] == ["0005"]
