"""A trial that goes on from the checkpoint of another one, with values of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.checkpoints import CPU, saved_epoch, train, training
from torch import nn

from tuner.data.spec import DataSpec
from tuner.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE, read_checkpoint
from tuner.training.checkpoint_copy import adopt_checkpoint
from tuner.training.checkpoint_manager import CheckpointManager
from tuner.training.classifier import Classifier
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training

SPEC = DataSpec(name="made-up", task="image", shape=(1, 8, 8), classes=tuple("0123456789"), mean=(8.0,), std=(5.0,))


def with_values(**values: Any) -> Training:
    torch.manual_seed(1)
    model = Classifier(SPEC, nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    return Training(model, Hyperparameters(batch_size=4, **values), epochs=50, seed=1, device=CPU)


def saved(folder: Path, number: int, epochs: int) -> Training:
    subject = training()
    manager = CheckpointManager(folder / f"{number:04d}")
    for _ in range(epochs):
        train(subject)
        manager.save(subject, now=True)
    return subject


def test_weights_and_the_state_of_the_optimizer_are_the_donors_and_what_was_kept_is_not(tmp_path: Path) -> None:
    donor = saved(tmp_path, 3, 2)
    saved(tmp_path, 5, 2)
    assert adopt_checkpoint(tmp_path, 3, 5, 2) == ""
    member = with_values(lr=0.02)
    assert CheckpointManager(tmp_path / "0005").restore(member)
    assert member.epoch == 2
    for name, value in donor.model.state_dict().items():
        assert torch.equal(member.model.state_dict()[name], value)
    momenta = [state["momentum_buffer"] for state in donor.optimizer.state_dict()["state"].values()]
    own = [state["momentum_buffer"] for state in member.optimizer.state_dict()["state"].values()]
    assert all(torch.equal(one, other) for one, other in zip(momenta, own, strict=True))
    assert donor.kept_weights
    assert (member.kept_metrics, member.kept_weights, member.peak) == (None, {}, 0.0)
    train(member)
    assert member.kept_metrics is not None
    assert member.kept_metrics.epoch == 3  # the first of its own, whatever its score
    assert read_checkpoint(tmp_path / "0003" / CHECKPOINT_FILE)["best_weights"]  # the donor has all that it had


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_the_values_are_its_own_and_not_those_in_the_checkpoint(tmp_path: Path, optimizer: str) -> None:
    donor = with_values(optimizer=optimizer, momentum=0.9, weight_decay=0.1)
    train(donor)
    CheckpointManager(tmp_path / "0000").save(donor, now=True)
    member = with_values(optimizer=optimizer, momentum=0.72, weight_decay=0.12, lr=0.5)
    CheckpointManager(tmp_path / "0000").restore(member)
    assert sorted({group["weight_decay"] for group in member.optimizer.param_groups}) == [0.0, 0.12]
    assert {group.get("momentum", 0.72) for group in member.optimizer.param_groups} == {0.72}
    train(member)
    assert member.metrics is not None
    assert donor.metrics is not None
    assert member.metrics.lr / 0.5 != donor.metrics.lr / 0.1  # another epoch
    assert member.metrics.lr > donor.metrics.lr


def test_only_the_checkpoint_of_that_epoch_is_copied(tmp_path: Path) -> None:
    saved(tmp_path, 0, 2)
    saved(tmp_path, 1, 2)
    assert adopt_checkpoint(tmp_path, 0, 1, 3) == "its checkpoint of epoch 3 is missing"
    assert adopt_checkpoint(tmp_path, 7, 1, 2) == "its checkpoint of epoch 2 is missing"
    assert read_checkpoint(tmp_path / "0001" / CHECKPOINT_FILE)["best_weights"]
    (tmp_path / "0000" / CHECKPOINT_FILE).write_bytes(b"")
    assert "checkpoint.pt is damaged" in adopt_checkpoint(tmp_path, 0, 1, 2)
    assert saved_epoch(tmp_path / "0001") == 2


def test_the_checkpoint_before_it_is_no_way_back(tmp_path: Path) -> None:
    """It is of the weights that the trial gave up."""
    saved(tmp_path, 0, 2)
    saved(tmp_path, 1, 2)
    assert (tmp_path / "0001" / PREVIOUS_FILE).exists()
    adopt_checkpoint(tmp_path, 0, 1, 2)
    assert not (tmp_path / "0001" / PREVIOUS_FILE).exists()
