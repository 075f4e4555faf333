"""What a user of the stock parts writes to tune the same model on the same data: the script that tuner replaces.

OptunaSearch, ASHAScheduler, MLflowLoggerCallback and DataLoaders, put together as in their documentation, with a
checkpoint at every report. Run by sweep_against_plain_script.py; prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_AUTH_MODE", "token")

import optuna
import ray
import torch
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tuner.core import catalog
from tuner.data.spec import Splits

EPOCHS = 20


def draw(trial: optuna.Trial) -> dict[str, Any]:
    """The ranges of search_spaces/digits-cnn.toml."""
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam", "adamw"])
    if optimizer == "sgd":
        trial.suggest_float("lr", 0.02, 0.5, log=True)
        trial.suggest_float("momentum", 0.8, 0.95)
    else:
        trial.suggest_float("lr", 1e-3, 1e-2, log=True)
    trial.suggest_categorical("batch_size", [32, 64, 128])
    trial.suggest_float("weight_decay", 1e-5, 1e-2, log=True)
    trial.suggest_float("dropout", 0.0, 0.5)
    trial.suggest_categorical("width", [0.5, 1.0])
    return {}


def make_optimizer(model: nn.Module, config: dict[str, Any]) -> torch.optim.Optimizer:
    """The stock optimizers, unfused, as most scripts have them."""
    lr, decay = config["lr"], config["weight_decay"]
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(model.parameters(), lr, momentum=config["momentum"], nesterov=True, weight_decay=decay)
    kind = torch.optim.Adam if config["optimizer"] == "adam" else torch.optim.AdamW
    return kind(model.parameters(), lr, weight_decay=decay)


def train(config: dict[str, Any]) -> None:
    """One trial: loads the data, trains, and reports and saves after each epoch."""
    splits: Splits = catalog.load("datasets", "digits").load(Path())
    train_split, validation = normalised(splits, "train"), normalised(splits, "validation")
    model = catalog.load("models", "cnn").build(splits.spec, dropout=config["dropout"], width=config["width"])
    optimizer = make_optimizer(model, config)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    loader = DataLoader(train_split, config["batch_size"], shuffle=True, num_workers=1)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item()
        scheduler.step()
        loss_value, accuracy = validate(model, validation)
        metrics = {"epoch": epoch, "train_loss": total / len(loader), "val_loss": loss_value, "val_accuracy": accuracy}
        with tempfile.TemporaryDirectory() as folder:
            torch.save((model.state_dict(), optimizer.state_dict()), Path(folder) / "checkpoint.pt")
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))


def normalised(splits: Splits, name: str) -> TensorDataset:
    """A split as the network takes it."""
    split, spec = getattr(splits, name), splits.spec
    mean, std = (torch.tensor(values).reshape(-1, 1, 1) for values in (spec.mean, spec.std))
    return TensorDataset((split.inputs - mean) / std, split.targets)


@torch.no_grad()
def validate(model: nn.Module, split: TensorDataset) -> tuple[float, float]:
    """Mean loss and accuracy."""
    model.eval()
    loss, correct = 0.0, 0
    for inputs, targets in DataLoader(split, 128, num_workers=1):
        logits = model(inputs)
        loss += nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        correct += int((logits.argmax(1) == targets).sum().item())
    return loss / len(split), correct / len(split)


def test_accuracy(best: tune.Result) -> float:
    """Of the best trial's last checkpoint, as scripts do it."""
    splits: Splits = catalog.load("datasets", "digits").load(Path())
    assert best.config is not None
    assert best.checkpoint is not None
    width, dropout = best.config["width"], best.config["dropout"]
    model = catalog.load("models", "cnn").build(splits.spec, width=width, dropout=dropout)
    with best.checkpoint.as_directory() as folder:
        model.load_state_dict(torch.load(Path(folder) / "checkpoint.pt", weights_only=True)[0])
    return validate(model, normalised(splits, "test"))[1]


def main() -> None:
    """Runs the sweep in a temporary folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--reuse-actors", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ray.init(address="local", num_cpus=len(os.sched_getaffinity(0)), include_dashboard=False)
        tuner = tune.Tuner(
            tune.with_resources(train, {"cpu": 1}),
            tune_config=tune.TuneConfig(
                metric="val_accuracy",
                mode="max",
                search_alg=OptunaSearch(space=draw, metric="val_accuracy", mode="max", seed=0),
                scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=2, reduction_factor=3),
                num_samples=arguments.trials,
                max_concurrent_trials=len(os.sched_getaffinity(0)),
                reuse_actors=arguments.reuse_actors,
            ),
            run_config=tune.RunConfig(
                storage_path=folder,
                callbacks=[MLflowLoggerCallback(tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name="plain")],
                verbose=0,
            ),
        )
        results = tuner.fit()
        best = results.get_best_result(scope="all")
        assert best.metrics_dataframe is not None
        print(
            json.dumps(
                {
                    "trials": len(results),
                    "epochs": sum(result.metrics["training_iteration"] for result in results if result.metrics),
                    "val_accuracy": float(best.metrics_dataframe["val_accuracy"].max()),
                    "test_accuracy": test_accuracy(best),
                }
            )
        )
        ray.shutdown()


if __name__ == "__main__":
    main()
