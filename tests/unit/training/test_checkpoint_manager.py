"""Checkpoints: whole or not at all, safe to read, and not too often."""

from __future__ import annotations

import errno
import io
import os
import pickle
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest
import torch
from support.checkpoints import saved_epoch, train, training

from tuner.core.sweep_folder import checkpoint_folder
from tuner.training.checkpoint import (
    CHECKPOINT_FILE,
    PREVIOUS_FILE,
    DamagedError,
    keep_weights_alone,
    read_checkpoint,
    read_latest,
)
from tuner.training.checkpoint_manager import MOST_OF_TIME, CheckpointManager, UnsavedError

CPU = torch.device("cpu")


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.folder,)


class Clock:
    """A clock that stands still but for what saving takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, saving: float) -> None:
        self.now = 1000.0
        real = torch.save

        def slow(state: object, file: IO[bytes]) -> None:
            self.now += saving
            real(state, file)

        monkeypatch.setattr("tuner.training.checkpoint_manager.time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(torch, "save", slow)


def test_a_training_is_brought_back_to_its_last_checkpoint(tmp_path: Path) -> None:
    first = training()
    train(first, 3)
    CheckpointManager(tmp_path / "0003").save(first, now=True)
    again = training()
    assert CheckpointManager(tmp_path / "0003").restore(again)
    assert (again.epoch, again.metrics, again.kept_metrics) == (3, first.metrics, first.kept_metrics)
    for part in ("model", "best_weights"):
        one, other = first.state_dict()[part], again.state_dict()[part]
        assert all(torch.equal(one[name], other[name]) for name in one)
    train(first)
    train(again)
    assert first.metrics is not None
    assert again.metrics is not None
    assert (again.metrics.epoch, again.metrics.val_loss) == (4, first.metrics.val_loss)


def test_without_a_checkpoint_nothing_is_restored(tmp_path: Path) -> None:
    subject = training()
    assert not CheckpointManager(tmp_path / "none").restore(subject)
    assert subject.epoch == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("save", [torch.save, lambda state, path: path.write_bytes(pickle.dumps(state, 2))])
@pytest.mark.parametrize("where", ["alone", "in the state"])
def test_a_checkpoint_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path, save: Any, where: str) -> None:
    bomb = Bomb(tmp_path / "exploded")
    state = bomb if where == "alone" else {**training().state_dict(), "metrics": bomb}
    save(state, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(DamagedError):
        read_checkpoint(tmp_path / CHECKPOINT_FILE)
    assert not CheckpointManager(tmp_path).restore(training())
    assert not (tmp_path / "exploded").exists()
    pickle.loads(pickle.dumps(bomb))
    assert (tmp_path / "exploded").exists()  # it is a bomb indeed


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), UnsavedError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (SystemExit(), SystemExit),
    ],
)
def test_a_crash_half_way_leaves_the_checkpoint_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, raised: type[BaseException]
) -> None:
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    train(subject)
    checkpoints.save(subject, now=True)
    train(subject)

    def half(state: object, file: IO[bytes]) -> None:
        file.write(b"half of it")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", half)
        with pytest.raises(raised):
            checkpoints.save(subject, now=True)
    assert saved_epoch(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    checkpoints.save(subject, now=True)  # the failed one does not count as saved
    assert saved_epoch(tmp_path) == 2


@pytest.mark.parametrize("damage", ["half", "empty", "zeros", "flipped", "another file", "missing"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(tmp_path: Path, damage: str) -> None:
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    for _ in range(3):
        train(subject)
        checkpoints.save(subject, now=True)
    file = tmp_path / CHECKPOINT_FILE
    whole = file.read_bytes()
    flipped = bytearray(whole)
    for position in range(0, len(flipped), 97):
        flipped[position] ^= 255
    other = io.BytesIO()
    torch.save({"weights": torch.zeros(3)}, other)
    contents = {"half": whole[: len(whole) // 2], "empty": b"", "zeros": bytes(len(whole)), "flipped": bytes(flipped)}
    file.write_bytes(contents.get(damage, other.getvalue()))
    if damage == "missing":
        file.unlink()
    again = training()
    assert CheckpointManager(tmp_path).restore(again)
    assert again.epoch == 2
    (tmp_path / PREVIOUS_FILE).unlink()
    assert not CheckpointManager(tmp_path).restore(training())


def test_between_rungs_saving_takes_at_most_its_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch, saving=1.0)
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    saved: list[float] = []
    for _ in range(40):
        train(subject)
        before = clock.now
        checkpoints.save(subject, now=False)
        if clock.now > before:
            saved.append(before)
            assert saved_epoch(tmp_path) == subject.epoch
        clock.now += 5.0  # an epoch
    assert len(saved) > 5
    pauses = [later - earlier for earlier, later in pairwise(saved)]
    assert all(1.0 / MOST_OF_TIME <= pause <= 1.0 / MOST_OF_TIME + 1.0 + 5.0 for pause in pauses)


def test_at_a_rung_it_is_saved_however_short_ago_the_last_one_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, saving=1.0)
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    for epoch in range(1, 4):
        train(subject)
        checkpoints.save(subject, now=True)
        assert saved_epoch(tmp_path) == epoch


def test_an_epoch_that_is_saved_is_not_saved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, saving=1.0)
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    checkpoints.save(subject, now=True)
    assert not (tmp_path / CHECKPOINT_FILE).exists()  # nothing has been trained yet
    train(subject)
    checkpoints.save(subject, now=True)
    checkpoints.save(subject, now=True)
    again = training()
    restored = CheckpointManager(tmp_path)
    restored.restore(again)
    restored.save(again, now=True)
    assert clock.now == 1001.0


@pytest.mark.parametrize(("number", "name"), [(0, "0000"), (17, "0017"), (12345, "12345")])
def test_the_folder_of_a_trial_is_named_after_its_number(tmp_path: Path, number: int, name: str) -> None:
    assert checkpoint_folder(tmp_path, number) == tmp_path / name


@pytest.mark.parametrize("damaged", [False, True])
def test_of_an_ended_trial_the_kept_weights_alone_are_left(tmp_path: Path, *, damaged: bool) -> None:
    subject, manager = training(), CheckpointManager(tmp_path)
    for _ in range(2):
        train(subject)
        manager.save(subject, now=True)
    assert (tmp_path / PREVIOUS_FILE).exists()
    whole = (tmp_path / CHECKPOINT_FILE).stat().st_size
    if damaged:  # what is left is then of the one before it
        (tmp_path / CHECKPOINT_FILE).write_bytes(b"")
    before, _ = read_latest(tmp_path)
    assert before
    for _ in range(2):  # the second time changes nothing
        keep_weights_alone(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
        assert (tmp_path / CHECKPOINT_FILE).stat().st_size < whole
        left = read_checkpoint(tmp_path / CHECKPOINT_FILE)
        assert (left["metrics"], left["best_metrics"]) == (before["metrics"], before["best_metrics"])
        weights = left["best_weights"]
        assert set(weights) == set(before["best_weights"])
        assert all(torch.equal(weights[name], before["best_weights"][name]) for name in weights)
    assert not CheckpointManager(tmp_path).restore(training())  # it would begin anew


def test_checkpoints_that_cannot_be_read_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"damaged")
    keep_weights_alone(tmp_path)
    keep_weights_alone(tmp_path / "missing")
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == b"damaged"
