"""Real commands on a real disk that is full, or read-only: one line, nothing lost, and on they go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from support.checkpoints import train, training
from support.small_disk import hindrance, no_larger_than, small_disk

from faults.disks import EPOCHS, SIZE, SWEEP, TRAIN, TRIALS, Filling
from faults.ledger import Ledger
from tuner.tracking.store import Store
from tuner.training.checkpoint import read_latest
from tuner.training.checkpoint_manager import CheckpointManager, UnsavedError

needs_disk = pytest.mark.skipif(bool(hindrance()), reason=hindrance() or "a disk can be mounted")


@pytest.mark.faults
@pytest.mark.proof
@needs_disk
@pytest.mark.parametrize("size", [30_000, 3_400_000])
def test_a_training_whose_disk_is_full_again_and_again_loses_nothing(
    environment: dict[str, str], tmp_path: Path, size: int, ledger: Ledger
) -> None:
    with small_disk(tmp_path, size) as disk:
        counts = Filling(disk, environment, seed=size).run(TRAIN, 1, most=9)
    print(counts)
    ledger.enter("the disk full", counts.full.total(), counts.found)
    assert counts.found.wrong == []
    assert (counts.found.trials, counts.found.epochs) == (1, EPOCHS)
    assert counts.full.total() >= 4


@pytest.mark.faults
@pytest.mark.proof
@needs_disk
def test_a_sweep_whose_disk_is_full_again_and_again_loses_nothing(
    environment: dict[str, str], tmp_path: Path, ledger: Ledger
) -> None:
    with small_disk(tmp_path, 2_600_000) as disk:
        counts = Filling(disk, environment, seed=1).run((*SWEEP, *SIZE), TRIALS, most=5)
    print(counts)
    ledger.enter("the disk full", counts.full.total(), counts.found)
    assert counts.found.wrong == []
    assert counts.found.trials == TRIALS
    assert counts.full.total() >= 3


@pytest.mark.faults
@pytest.mark.proof
@needs_disk
def test_a_disk_that_became_read_only_is_named_and_what_only_reads_goes_on(
    environment: Mapping[str, str], tmp_path: Path, ledger: Ledger
) -> None:
    with small_disk(tmp_path, 1_900_000) as disk:
        filling = Filling(disk, environment, seed=2)
        assert filling.tuner(*TRAIN).returncode == 1
        disk.make_read_only()
        for command in (("resume", "x"), TRAIN):
            done = filling.tuner(*command)
            assert done.returncode in (1, 2), done
            *_, last = done.stderr.splitlines()
            assert last.startswith(f"error: cannot write to the folder {tmp_path / 'runs'}"), done.stderr
            assert last.endswith("Read-only file system")
            assert "Traceback" not in done.stderr
        report = filling.tuner("report", "x")
        assert report.returncode == 1
        assert report.stderr == f"error: the disk is read-only: {tmp_path / 'runs/x/report/report.html'}\n"
        assert filling.tuner("status", "x").returncode == 1, "it failed"
        assert filling.tuner("status").returncode == 0
        assert filling.tuner("logs", "x").returncode == 0
        disk.resize(64 << 20)
        assert filling.tuner("resume", "x").returncode == 0
        found = filling.inventory(1)
    ledger.enter("the disk read-only", 4, found)
    assert found.wrong == []


def test_a_checkpoint_that_is_needed_and_not_taken_is_said_and_the_one_before_stays(tmp_path: Path) -> None:
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    train(subject)
    checkpoints.save(subject, now=True)
    train(subject)
    with no_larger_than(2000), pytest.raises(UnsavedError, match=f"the file has reached its size limit: {tmp_path}"):
        checkpoints.save(subject, now=True)
    state, damage = read_latest(tmp_path)
    assert state is not None
    assert (state["metrics"]["epoch"], damage) == (1, "")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_checkpoint_that_may_wait_is_noted_and_written_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.training.checkpoint_manager.MOST_OF_TIME", 1e9)  # it is due always
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    train(subject)
    with no_larger_than(2000):
        checkpoints.save(subject, now=False)
        checkpoints.save(subject, now=False)  # which is not told again
    [note] = checkpoints.take_notes()
    assert note.startswith("epoch 1 is not saved: the file has reached its size limit: ")
    checkpoints.save(subject, now=False)
    assert checkpoints.take_notes() == []
    state, _ = read_latest(tmp_path)
    assert state is not None
    assert state["metrics"]["epoch"] == 1


def test_a_disk_that_is_full_while_mlflows_tables_are_made_leaves_no_half_of_them(home: Path) -> None:
    """MLflow would find some of its tables, and say for ever that they exist."""
    home.mkdir()
    store = Store.of(home)
    with no_larger_than(200_000), pytest.raises(OperationalError):
        store.prepare()
    assert not (home / "mlflow.db").exists()
    store.prepare()
    assert (home / "mlflow.db").stat().st_size > 400_000
    assert sorted(path.name for path in home.iterdir()) == [".mlflow.lock", "mlflow.db"]
