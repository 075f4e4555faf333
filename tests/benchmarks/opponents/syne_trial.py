"""A trial of syne_script.py, as Syne Tune's local backend starts it: a process of its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
from syne_tune import Reporter

sys.path.insert(0, str(Path(__file__).parents[1]))
from opponents.digits_cnn import begin, keep, load, train


def main() -> None:
    """Trains, and reports after each epoch."""
    parser = argparse.ArgumentParser()
    for name in ("lr_sgd", "lr_adam", "momentum", "weight_decay", "dropout", "width"):
        parser.add_argument(f"--{name}", type=float)
    parser.add_argument("--batch_size", type=int)
    parser.add_argument("--optimizer")
    parser.add_argument("--st_checkpoint_dir", type=Path)
    values: dict[str, Any] = vars(parser.parse_args())
    folder = values.pop("st_checkpoint_dir")
    folder.mkdir(parents=True, exist_ok=True)
    rates = values.pop("lr_sgd"), values.pop("lr_adam")
    point = values | {"lr": rates[values["optimizer"] != "sgd"]}
    torch.set_num_threads(1)
    splits, report = load(), Reporter()
    training, best = begin(point, splits, seed=0), 0.0
    for epoch, accuracy in train(training, splits):
        best = max(best, accuracy)
        keep(training, point, folder / "best.pt")  # the process may be ended at any report
        report(epoch=epoch, val_accuracy=accuracy, best=best)


if __name__ == "__main__":
    main()
