"""Small trainings whose checkpoints are looked at."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from tuner.data.spec import DataSpec, Split
from tuner.training.checkpoint import CHECKPOINT_FILE, read_checkpoint
from tuner.training.classifier import Classifier
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit

CPU = torch.device("cpu")


def training(epochs: int = 50) -> Training:
    torch.manual_seed(0)
    spec = DataSpec(name="made-up", task="image", shape=(1, 8, 8), classes=tuple("0123456789"), mean=(8.0,), std=(5.0,))
    model = Classifier(spec, nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    return Training(model, Hyperparameters(batch_size=4, lr=0.01), epochs=epochs, seed=0, device=CPU)


def train(subject: Training, epochs: int = 1) -> None:
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.rand(8, 1, 8, 8, generator=generator) * 16, torch.arange(8))
    for _, _ in zip(range(epochs), fit(subject, split, split, ()), strict=False):
        pass


def saved_epoch(folder: Path, name: str = CHECKPOINT_FILE) -> int:
    """That of a checkpoint in a folder."""
    epoch: int = read_checkpoint(folder / name)["metrics"]["epoch"]
    return epoch
