"""What the scripts have in common: the data, the ranges of search_spaces/digits-cnn.toml, the best model and its test.

`train` is tuner's own training loop: no script loses by a slower one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import torch
from torch import Tensor

from tuner.core import catalog
from tuner.data.spec import Splits
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.epoch_scores import evaluate
from tuner.training.hyperparameters import split_parameters
from tuner.training.loop import Training, fit

EPOCHS = 20
GRACE = 2  # epochs before the first comparison
REDUCTION = 3


def draw(trial: optuna.Trial) -> dict[str, Any]:
    """A point of the space. OptunaSearch takes it from the trial, and adds what is given back."""
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


def load() -> Splits:
    """The samples, divided as in a sweep."""
    splits: Splits = catalog.load("datasets", "digits").load(Path())
    return splits


def begin(point: dict[str, Any], splits: Splits, seed: int) -> Training:
    """A training of one trial."""
    torch.manual_seed(seed)
    hyperparameters, arguments = split_parameters("cnn", point)
    model = build_classifier(splits.spec, "cnn", arguments)
    return Training(model, hyperparameters, epochs=EPOCHS, seed=seed, device=torch.device("cpu"))


def train(training: Training, splits: Splits) -> Iterator[tuple[int, float]]:
    """Trains, and gives the number of each epoch and its validation accuracy."""
    for metrics in fit(training, splits.train, splits.validation, splits.spec.augment):
        assert metrics.val_accuracy is not None
        yield metrics.epoch, metrics.val_accuracy


def keep(training: Training, point: dict[str, Any], file: Path) -> None:
    """Saves the weights of the best epoch so far, with what builds their model again."""
    torch.save({"weights": training.kept_weights, "point": point}, file)


def test_accuracy(file: Path, splits: Splits) -> float:
    """Of a model that `keep` has saved."""
    kept: dict[str, Any] = torch.load(file, weights_only=True)
    weights: dict[str, Tensor] = kept["weights"]
    model: Classifier = build_classifier(splits.spec, "cnn", split_parameters("cnn", kept["point"])[1])
    model.load_state_dict(weights)
    return evaluate(model.eval(), splits.test).accuracy


def tell(*, trials: int, epochs: int, val_accuracy: float, file: Path, splits: Splits) -> None:
    """Prints the result of a script as a line of JSON, with the test of its best model."""
    result = {"trials": trials, "epochs": epochs, "val_accuracy": val_accuracy}
    print(json.dumps(result | {"test_accuracy": test_accuracy(file, splits)}))
