"""The epoch of a checkpoint is read without its tensors, and nothing in the file runs."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tuner.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE, DamagedError, latest_checkpoint, latest_epoch
from tuner.training.checkpoint_outline import epoch_in


def state(epoch: int) -> dict[str, Any]:
    """As `Training.state_dict`, with what optimizers and models have in it."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(2))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.zeros(2, 1, 6, 6)).sum().backward()
    optimizer.step()
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "best_weights": {name: value.half() for name, value in model.state_dict().items()},
        "rng": torch.get_rng_state(),
        "metrics": {"epoch": epoch, "val_accuracy": 0.5},
    }


def test_it_is_the_epoch_that_torch_reads(tmp_path: Path) -> None:
    for epoch in (1, 300):
        torch.save(state(epoch), tmp_path / CHECKPOINT_FILE)
        assert epoch_in(tmp_path / CHECKPOINT_FILE) == epoch
        assert torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)["metrics"]["epoch"] == epoch
        assert latest_checkpoint(tmp_path) == (epoch, tmp_path / CHECKPOINT_FILE)


@pytest.mark.parametrize("damage", ["empty", "half", "structure", "text"])
def test_one_that_is_damaged_is_passed_over_for_the_one_before(tmp_path: Path, damage: str) -> None:
    file = tmp_path / CHECKPOINT_FILE
    torch.save(state(2), file)
    whole = file.read_bytes()
    place = whole.index(b"val_accuracy")
    broken = {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "structure": whole[:place] + b"V" + whole[place + 1 :],
        "text": b"no checkpoint",
    }
    file.write_bytes(broken[damage])
    with pytest.raises(DamagedError):
        latest_checkpoint(tmp_path)
    assert latest_epoch(tmp_path) == 0
    torch.save(state(1), tmp_path / PREVIOUS_FILE)
    assert latest_checkpoint(tmp_path) == (1, tmp_path / PREVIOUS_FILE)


class _Harmful:
    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.place,)


def test_nothing_in_the_file_runs(tmp_path: Path) -> None:
    content = {"metrics": {"epoch": 4}, "model": _Harmful(tmp_path / "harm"), "more": {1, frozenset([2])}}
    with zipfile.ZipFile(tmp_path / CHECKPOINT_FILE, "w") as archive:
        archive.writestr("checkpoint/data.pkl", pickle.dumps(content))
    assert epoch_in(tmp_path / CHECKPOINT_FILE) == 4
    assert not (tmp_path / "harm").exists()
    pickle.loads(pickle.dumps(content))
    assert (tmp_path / "harm").exists(), "it would have"
