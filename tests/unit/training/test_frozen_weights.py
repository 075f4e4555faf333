"""Trials under one frozen network keep its weights once, and their checkpoints hold the head alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import torch
from support.model_inputs import make_spec
from torch import Tensor

from tuner.data.spec import Split
from tuner.training import frozen_weights
from tuner.training.average import last_weights
from tuner.training.checkpoint import CHECKPOINT_FILE, keep_weights_alone, latest_epoch, read_checkpoint
from tuner.training.checkpoint_manager import CheckpointManager
from tuner.training.checkpoint_storage import UriStorage
from tuner.training.classifier import build_classifier
from tuner.training.frozen_weights import read_whole
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit

DATA = make_spec("image", (3, 32, 32))
EPOCHS = 3


def training(*, pretrained: bool = True, ema: float = 0.0) -> Training:
    torch.manual_seed(0)
    model = build_classifier(DATA, "mobilenet_v2", {"hidden": 8})
    how = Hyperparameters(batch_size=4, optimizer="adamw", lr=0.01, augment=False, ema=ema)
    return Training(model, how, epochs=EPOCHS, seed=0, device=torch.device("cpu"), pretrained=pretrained)


def split() -> Split:
    images = torch.randint(0, 256, (8, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Split(images, torch.arange(8) % 3)


def train(subject: Training, manager: CheckpointManager, epochs: int = EPOCHS) -> list[float]:
    losses = []
    with closing(fit(subject, split(), split(), ())) as found:
        for metrics in found:
            losses.append(metrics.train_loss)
            manager.save(subject, now=True)
            if metrics.epoch == epochs:
                break
    return losses


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_checkpoint_has_the_head_and_with_the_frozen_weights_it_is_whole(tmp_path: Path) -> None:
    for number in ("0000", "0001"):
        subject = training()
        train(subject, CheckpointManager(tmp_path / number))
        state = read_checkpoint(tmp_path / number / CHECKPOINT_FILE)
        assert all(name.startswith("network.head.") for name in (*state["model"], *state["best_weights"]))
        whole, damage = read_whole(tmp_path / number)
        assert whole
        assert damage == ""
        assert same(whole["model"], subject.model.state_dict())
        assert whole["best_weights"].keys() == whole["model"].keys()
    [frozen] = tmp_path.glob("frozen-*")
    assert (tmp_path / "0000" / CHECKPOINT_FILE).stat().st_size < frozen.stat().st_size / 10


def test_the_weights_of_the_head_are_those_in_the_state_of_the_whole_model(tmp_path: Path) -> None:
    subject = training(ema=0.5)
    train(subject, CheckpointManager(tmp_path / "0000"))
    whole, head, frozen = subject.model.state_dict(), subject.weights(), subject.weights(trained=False)
    assert same({**frozen, **head}, whole)
    assert head
    assert not head.keys() & frozen.keys()
    assert all(value.data_ptr() == whole[name].data_ptr() for name, value in head.items())
    assert list(head) == [name for name in whole if name in head]


def test_it_goes_on_from_there_as_if_nothing_had_been(tmp_path: Path) -> None:
    expected = train(training(), CheckpointManager(tmp_path / "0000"))
    train(training(), CheckpointManager(tmp_path / "0001"), epochs=1)
    again, manager = training(), CheckpointManager(tmp_path / "0001")
    assert manager.restore(again)
    assert train(again, manager) == expected[1:]


def test_a_whole_checkpoint_of_an_earlier_version_is_gone_on_from(tmp_path: Path) -> None:
    expected = train(training(), CheckpointManager(tmp_path / "0000"))
    train(training(pretrained=False), CheckpointManager(tmp_path / "0001"), epochs=1)
    again, manager = training(), CheckpointManager(tmp_path / "0001")
    assert manager.restore(again)
    assert train(again, manager) == expected[1:]


def test_weights_that_only_this_trial_has_are_in_its_checkpoint(tmp_path: Path) -> None:
    subject = training(pretrained=False)
    train(subject, CheckpointManager(tmp_path / "0000"))
    assert not list(tmp_path.glob("frozen-*"))
    assert same(read_checkpoint(tmp_path / "0000" / CHECKPOINT_FILE)["model"], subject.model.state_dict())


def test_averages_and_kept_weights_alone_are_whole_too(tmp_path: Path) -> None:
    subject = training(ema=0.5)
    train(subject, CheckpointManager(tmp_path / "0000"))
    whole, _ = read_whole(tmp_path / "0000")
    assert whole
    with subject.averaged():
        assert same(dict(last_weights(whole)), subject.model.state_dict())
    keep_weights_alone(tmp_path / "0000")
    assert latest_epoch(tmp_path / "0000") == EPOCHS
    left, _ = read_whole(tmp_path / "0000")
    assert left
    assert left["model"] == {}
    assert same(left["best_weights"], whole["best_weights"])


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_frozen_weights_that_are_lost_are_told(tmp_path: Path, how: str) -> None:
    train(training(), CheckpointManager(tmp_path / "0000"))
    [file] = tmp_path.glob("frozen-*")
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    state, damage = read_whole(tmp_path / "0000")
    assert state is None
    assert damage == f"{file} is {how}"


def test_another_process_writes_damaged_ones_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(training(), CheckpointManager(tmp_path / "0000"))
    [file] = tmp_path.glob("frozen-*")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(frozen_weights, "_whole", set())
    subject = training()
    train(subject, CheckpointManager(tmp_path / "0001"))
    for number in ("0000", "0001"):
        whole, damage = read_whole(tmp_path / number)
        assert whole
        assert damage == ""
        assert same(whole["model"], subject.model.state_dict())


def test_a_storage_gets_whole_checkpoints(tmp_path: Path) -> None:
    subject, storage = training(), UriStorage((tmp_path / "far away").as_uri())
    train(subject, CheckpointManager(tmp_path / "0000", storage))
    assert not list(tmp_path.glob("frozen-*"))
    storage.get(0, tmp_path / "fetched.pt")
    assert same(read_checkpoint(tmp_path / "fetched.pt")["model"], subject.model.state_dict())
