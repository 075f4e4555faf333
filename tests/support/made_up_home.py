"""Sweeps whose trials report made-up scores, in a home folder: for what shows many of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from support.common import make_config
from support.made_up_search import begin, report_of
from support.made_up_trials import HOSTILE
from tuner.core.config import SweepConfig
from tuner.core.records import Value
from tuner.core.sweep_folder import SweepFolder
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision
from tuner.sweeps.lock import SweepLock, lock_sweep

EPOCHS = 9
HOSTILE_FOLDER = "<img src=x onerror=alert(1)>"
SPACE: dict[str, Any] = {
    "epochs": EPOCHS,
    "params": {
        "batch_size": {"choices": [32, 64, 128]},
        "optimizer": {"choices": ["sgd", "adam"]},
        "lr": {"low": 1e-4, "high": 1.0, "log": True},
        "dropout": {"low": 0.0, "high": 0.7},
        "momentum": {"low": 0.5, "high": 0.97, "when": {"optimizer": "sgd"}},
    },
}


def add_sweep(home: Path, name: str, count: int = 12, **changes: Any) -> SweepConfig:
    """A sweep of so many trials that was run to the end of its search, and then ended: it is paused."""
    values = {"name": name, "trials": count, "epochs": EPOCHS, "space": SPACE, "sampler": "random", **changes}
    config = make_config(**values)
    folder = home / name
    folder.mkdir(parents=True)
    config.save(folder)
    with lock_sweep(folder):
        run(begin(config, folder)[0], count)
    return config


def add_three_sweeps(home: Path, first: int) -> None:
    """digits-cnn-1 with so many trials, digits-cnn-2, and one whose names would like to be code, HOSTILE_FOLDER."""
    parameters = {name: SPACE["params"][name] for name in ("batch_size", "lr", "dropout")}
    space = {"epochs": EPOCHS, "params": {**parameters, "optimizer": {"choices": ["<b>sgd</b>", HOSTILE]}}}
    add_sweep(home, "digits-cnn-1", first)
    add_sweep(home, "digits-cnn-2", 3)
    add_sweep(home, HOSTILE_FOLDER, 9, space=space)


def run(controller: Controller, trials: int, begun: int = 0) -> None:
    """Runs one trial after the other until so many have begun, or the search is over; `begun` are there already."""
    epochs: dict[int, int] = {}
    generator = np.random.default_rng(begun)
    while not controller.over and begun + len(epochs) < trials:
        drawn = controller.next_trial()
        if drawn is None:
            return
        number, parameters = drawn
        decision = Decision.CONTINUE
        while decision is Decision.CONTINUE:
            epochs[number] = epochs.get(number, 0) + 1
            score = made_up_score(parameters, epochs[number]) + generator.normal(0, 0.01)
            decision = controller.on_report(number, report_of(epochs[number], float(np.clip(score, 0.0, 1.0))))


def made_up_score(parameters: dict[str, Value], epoch: int) -> float:
    """Depends on the learning rate most, and grows with the epochs."""
    lr, dropout = float(parameters.get("lr", 0.01)), float(parameters.get("dropout", 0.2))
    return 0.95 - 0.08 * abs(math.log10(lr) + 2) - 0.1 * abs(dropout - 0.2) - 0.3 / (1 + epoch)


@contextmanager
def running(home: Path, name: str, live: Sequence[int] = (), samples: int = 500) -> Iterator[SweepLock]:
    """This process has the sweep's lock, as one that runs it; workers have the trials `live`."""
    with lock_sweep(SweepFolder(home / name).path) as lock:
        lock.note(samples=samples)
        lock.note_live(set(live))
        yield lock
