"""What tests/integration/test_distributed.py runs in several processes: a module that they can import."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import distributed as dist

from support.digits import some_digits
from tuner.data.spec import Splits
from tuner.training.average import last_weights
from tuner.training.classifier import build_classifier
from tuner.training.distributed import SINGLE_PROCESS, Ranks
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit

CPU = torch.device("cpu")
EPOCHS = 3
PLAIN = ("lenet", {"dropout": 0.0, "batch_norm": False}, ())
"""Without what differs between processes: dropout, augmentation and batch statistics."""
RANDOM = ("cnn", {"width": 0.125, "dropout": 0.3}, ("crop", "rotate"))
MORE: dict[str, Any] = {"randaugment": 0.2, "cutout": 0.3, "mixup": 0.3, "ema": 0.9}


def full_precision() -> AbstractContextManager[object]:
    """So that sums in another order are nearly the same."""
    return patch("tuner.training.device._has_bf16", lambda _: False)


def digits() -> Splits:
    """150 of them: the parts of the last of their batches, and of the validation split, differ in size."""
    return some_digits(150)


def train(
    what: tuple[Any, ...], ranks: Ranks = SINGLE_PROCESS, more: dict[str, Any] | None = None
) -> tuple[Training, list[Any]]:
    """A training of some epochs, with some more hyperparameters; and its metrics without the times."""
    name, arguments, augmentations = what
    splits = some_digits()
    torch.manual_seed(0)
    model = build_classifier(splits.spec, name, arguments)
    chosen = Hyperparameters(batch_size=33, optimizer="sgd", lr=0.05, **(more or {}))
    training = Training(model, chosen, epochs=EPOCHS, seed=5, device=CPU, ranks=ranks)
    with full_precision(), closing(fit(training, splits.train, splits.validation, augmentations)) as epochs:
        return training, [replace(metrics, epoch_seconds=0.0).numbers() for metrics in epochs]


def in_process(rank: int, size: int, port: int, folder: Path) -> None:
    """Trains all kinds, and writes what it has at the end to `folder`."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=size)
    ranks = Ranks(rank, size)
    found = {}
    for kind, what, more in (("plain", PLAIN, {}), ("random", RANDOM, {}), ("averaged", RANDOM, MORE)):
        training, metrics = train(what, ranks, more)
        found[kind] = {"weights": training.model.state_dict(), "best": training.kept_weights, "metrics": metrics}
        found[kind]["last"] = last_weights(training.state_dict())
    said = [ranks.agree(rank == 0), ranks.agree(rank == 1)]
    with ranks.first_before_others():
        order = sorted(path.name for path in folder.iterdir())
        torch.save(found | {"said": said, "order": order}, folder / f"{rank}.pt")
    dist.destroy_process_group()
