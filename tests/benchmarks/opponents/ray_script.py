"""What a user of the stock parts writes to tune the same model on the same data: the script that tuner replaces.

OptunaSearch, ASHAScheduler, MLflowLoggerCallback and DataLoaders, put together as in their documentation, with a
checkpoint at every report. With --best as a skilled user has it: workers are reused (reuse_actors=True), and the loop
is tuner's own, which takes batches from tensors by index. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import os
import sys
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

from tuner.data.augmentation import augment, chosen
from tuner.data.spec import Split

sys.path.insert(0, str(Path(__file__).parents[1]))
from opponents import digits_cnn
from opponents.digits_cnn import EPOCHS, GRACE, REDUCTION, begin, keep, load, tell


def make_optimizer(model: nn.Module, config: dict[str, Any]) -> torch.optim.Optimizer:
    """The stock optimizers, unfused, as most scripts have them."""
    lr, decay = config["lr"], config["weight_decay"]
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(model.parameters(), lr, momentum=config["momentum"], nesterov=True, weight_decay=decay)
    kind = torch.optim.Adam if config["optimizer"] == "adam" else torch.optim.AdamW
    return kind(model.parameters(), lr, weight_decay=decay)


def train(point: dict[str, Any]) -> None:
    """One trial as in the tutorials: loads the data, trains, and reports and saves after each epoch."""
    splits = load()
    training = begin(point, splits, seed=0)  # for its model; what follows trains it
    model, changes = training.model, chosen(splits.spec.augment)
    optimizer = make_optimizer(model, point)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    loader = DataLoader(TensorDataset(*splits.train), point["batch_size"], shuffle=True)
    generator = torch.Generator().manual_seed(0)
    best = 0.0
    for epoch in range(1, EPOCHS + 1):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(augment(inputs, changes, generator)), targets)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        scheduler.step()
        accuracy = validate(model, splits.validation)
        if accuracy > best:
            best, training.kept_weights = accuracy, {name: each.clone() for name, each in model.state_dict().items()}
        with tempfile.TemporaryDirectory() as folder:
            torch.save((model.state_dict(), optimizer.state_dict()), Path(folder) / "checkpoint.pt")
            keep(training, point, Path(folder) / "best.pt")
            told = {"epoch": epoch, "val_accuracy": accuracy, "best": best}
            tune.report(told, checkpoint=tune.Checkpoint.from_directory(folder))


@torch.no_grad()
def validate(model: nn.Module, split: Split) -> float:
    """Its accuracy."""
    model.eval()
    said = [model(inputs).argmax(1) for inputs, _ in DataLoader(TensorDataset(*split), 128)]
    return float((torch.cat(said) == split.targets).float().mean())


def train_best(point: dict[str, Any]) -> None:
    """One trial with the loop of tuner."""
    splits = load()
    training, best = begin(point, splits, seed=0), 0.0
    for epoch, accuracy in digits_cnn.train(training, splits):
        best = max(best, accuracy)
        with tempfile.TemporaryDirectory() as folder:
            torch.save(training.state_dict(), Path(folder) / "checkpoint.pt")
            keep(training, point, Path(folder) / "best.pt")
            told = {"epoch": epoch, "val_accuracy": accuracy, "best": best}
            tune.report(told, checkpoint=tune.Checkpoint.from_directory(folder))


def main() -> None:
    """Runs the search in a temporary folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--best", action="store_true")
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPATH"] = sys.path[0]  # for the workers
        ray.init(address="local", num_cpus=cores, include_dashboard=False)
        tuner = tune.Tuner(
            tune.with_resources(train_best if arguments.best else train, {"cpu": 1}),
            tune_config=tune.TuneConfig(
                metric="val_accuracy",
                mode="max",
                search_alg=OptunaSearch(space=digits_cnn.draw, metric="val_accuracy", mode="max", seed=0),
                scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=GRACE, reduction_factor=REDUCTION),
                num_samples=arguments.trials,
                max_concurrent_trials=cores,
                reuse_actors=arguments.best,
            ),
            run_config=tune.RunConfig(
                storage_path=folder,
                callbacks=[MLflowLoggerCallback(tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name="plain")],
                verbose=0,
            ),
        )
        results = tuner.fit()
        last = [result.metrics for result in results if result.metrics]
        best = results.get_best_result("best", "max")
        assert best.metrics is not None
        assert best.checkpoint is not None
        with best.checkpoint.as_directory() as kept:
            tell(
                trials=len(results),
                epochs=sum(metrics["training_iteration"] for metrics in last),
                val_accuracy=best.metrics["best"],
                file=Path(kept) / "best.pt",
                splits=load(),
            )
        ray.shutdown()


if __name__ == "__main__":
    main()
