"""What to try when a model has learnt nothing: commands to copy."""

from __future__ import annotations

import shlex
from pathlib import Path

from tuner.core import catalog
from tuner.core.config import SweepConfig
from tuner.core.sweep_folder import SweepFolder
from tuner.search.advice import Advice
from tuner.search.next_command import next_command
from tuner.training.saved_model import ModelDescription

_MORE = 3  # times as many epochs


def next_steps(config: SweepConfig, folder: Path) -> list[tuple[str, str]]:
    """Commands, each with what it is for, likeliest to help first.

    Args:
        config: the sweep that has learnt nothing.
        folder: the sweep's, with its model.
    """
    task = ModelDescription.load(SweepFolder(folder).model).data.task
    data = [config.dataset, *(["--target", config.target] if config.target else [])]
    named = ["--as", config.known_as] if config.known_as else []
    same = [("train for longer", next_command(config, task, Advice(remarks=(), max_epochs=_MORE * config.epochs)))]
    if config.trials > 1:
        same.append(("search for longer", next_command(config, task, Advice(remarks=(), trials=_MORE * config.trials))))
    steps: list[tuple[str, list[str]]] = []
    if config.trials == 1:
        steps.append(("search for parameters", ["sweep", *_pair(data, config.model), *named]))
    for model in _pretrained(task, config.model):
        steps.append(("begin with pretrained weights", ["sweep", *_pair(data, model), *named]))
    for model in _others(task, config.model):
        steps.append(("try another model", ["sweep", *_pair(data, model), *named]))
    steps.append(("look at the data", ["show", *_pair(data, config.model)]))
    typed = [(purpose, command) for purpose, command in same if command]
    return typed + [(purpose, shlex.join(["tuner", *words])) for purpose, words in steps]


def _pair(data: list[str], model: str) -> list[str]:
    return [data[0], model, *data[1:]]


def _pretrained(task: str, model: str) -> list[str]:
    """A model that starts from pretrained weights, when the sweep's does not."""
    fitting = [name for name in _fitting(task) if catalog.defines("models", name, "pretrained")]
    return [] if model in fitting else fitting[:1]


def _others(task: str, model: str) -> list[str]:
    """Another model that starts from random weights."""
    plain = [name for name in _fitting(task) if not catalog.defines("models", name, "pretrained")]
    return [name for name in plain if name != model][:1]


def _fitting(task: str) -> list[str]:
    return [name for name in catalog.names("models") if task in catalog.load("models", name).TASKS]
