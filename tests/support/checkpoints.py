"""Small trainings whose checkpoints are looked at."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from tuner.core.sweep_folder import checkpoint_folder
from tuner.data.spec import DataSpec, Split, Splits
from tuner.training.checkpoint import CHECKPOINT_FILE, read_checkpoint
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit

CPU = torch.device("cpu")
FIELDS = {"train_loss": 1.0, "train_accuracy": 0.1, "val_loss": 0.9, "lr": 0.1, "epoch_seconds": 1.0}


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


def save_constant_model(
    folder: Path, number: int, splits: Splits, classes: torch.Tensor, name: str = "cnn", **arguments: float
) -> None:
    """A trial's checkpoint, of a model that says the class `classes[i]` for all samples."""
    torch.manual_seed(number)
    model = build_classifier(splits.spec, name, arguments or ({"width": 0.125} if name == "cnn" else {}))
    weights = model.state_dict()
    last = [name for name in weights if name.endswith("bias")][-1]
    weights[last] = 1e6 * classes
    metrics = asdict(EpochMetrics(epoch=1, val_accuracy=0.1, **FIELDS))
    state = {"model": weights, "optimizer": {}, "metrics": metrics, "best_metrics": metrics, "best_weights": weights}
    checkpoint_folder(folder, number).mkdir(parents=True, exist_ok=True)
    torch.save(state, checkpoint_folder(folder, number) / CHECKPOINT_FILE)
