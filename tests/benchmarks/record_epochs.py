"""Records short real trainings, epoch by epoch, for kept_epoch.py.

python tests/benchmarks/record_epochs.py digits-cnn build/epochs --seconds 200 --seed 1

A training has a random point of the pair's search space, and a split of its own that leaves as many samples as possible
for the test. The test samples are looked at after every epoch, which only a benchmark may do.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from torch import Tensor
from torch.nn import functional

from tuner.core.records import Value
from tuner.data.source import Source
from tuner.data.spec import DataSpec, Split, moments
from tuner.search.space_defaults import default_space
from tuner.search.space_file import parse_space
from tuner.sweeps.space_request import read_space
from tuner.training.classifier import build_classifier, predict_logits
from tuner.training.hyperparameters import split_parameters
from tuner.training.loop import Training, fit

POOL = 360  # validation samples of a training; smaller validation sets are drawn from them
TRAIN_SIZES = (150, 700)  # in turn
Data = tuple[DataSpec, Tensor, Tensor]


def main() -> None:
    """Trains until the time is over, and writes one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pair", help="digits-cnn, digits-lenet or table-mlp")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=0, help="another seed for each call, to add trainings")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    dataset, model = arguments.pair.split("-")
    data, raw = table() if dataset == "table" else digits(model)
    space = parse_space(raw, arguments.pair)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=arguments.seed))
    rng, end = np.random.default_rng(arguments.seed), time.monotonic() + arguments.seconds
    rows: list[tuple[Any, ...]] = []
    while time.monotonic() < end:
        size = TRAIN_SIZES[len(rows) % len(TRAIN_SIZES)]
        seed = int(rng.integers(2**31))
        rows.append(training(data, model, space(study.ask()), space.epochs, size, seed))
    correct, losses, tests = zip(*rows, strict=True)
    np.savez_compressed(
        arguments.folder / f"{arguments.pair}-{arguments.seed}.npz",
        val_correct=np.array(correct),
        val_loss=np.array(losses, dtype=np.float32),
        test_accuracy=np.array(tests, dtype=np.float32),
    )
    print(f"{arguments.pair}: {len(rows)} trainings of {space.epochs} epochs")


def digits(model: str) -> tuple[Data, dict[str, object]]:
    """All handwritten digits, and the pair's search space."""
    source = Source.parse("digits", None)
    splits = source.load()
    parts = (splits.train, splits.validation, splits.test)
    inputs, targets = torch.cat([part.inputs for part in parts]), torch.cat([part.targets for part in parts])
    return (splits.spec, inputs, targets), read_space(source, model, None, lambda: splits)[0]


def table() -> tuple[Data, dict[str, object]]:
    """A table of 2,400 rows with four classes, of which a tenth is labelled at random, and mlp's default space."""
    from sklearn.datasets import make_classification

    x, y = make_classification(2400, 20, n_informative=8, n_classes=4, flip_y=0.1, class_sep=1.2, random_state=0)
    inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).long()
    mean, std = moments(inputs)
    spec = DataSpec(name="table", task="tabular", shape=(20,), classes=tuple("abcd"), mean=mean, std=std)
    return (spec, inputs, targets), default_space("mlp", "tabular")


def training(
    data: Data, model: str, parameters: Mapping[str, Value], epochs: int, size: int, seed: int
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """(epochs, samples) correctness and losses on the validation samples, and the test accuracy of each epoch."""
    spec, inputs, targets = data
    order = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed))
    take: Callable[[Tensor], Split] = lambda index: Split(inputs[index], targets[index])  # noqa: E731
    train, validation, test = take(order[:size]), take(order[size : size + POOL]), take(order[size + POOL :])
    torch.manual_seed(seed)
    hyperparameters, options = split_parameters(model, parameters)
    network = build_classifier(spec, model, options)
    state = Training(network, hyperparameters, epochs=epochs, seed=seed, device=torch.device("cpu"))
    correct, losses, tests = [], [], []
    for _ in fit(state, train, validation, spec.augment):
        with torch.inference_mode():
            logits = predict_logits(state.model, validation.inputs).float()
            correct.append((logits.argmax(1) == validation.targets).numpy())
            losses.append(functional.cross_entropy(logits, validation.targets, reduction="none").numpy())
            found = predict_logits(state.model, test.inputs).argmax(1)
            tests.append(float((found == test.targets).float().mean()))
    return np.array(correct), np.array(losses), tests


if __name__ == "__main__":
    main()
