"""What to try when a model has learnt nothing: commands to copy."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

from tuner.core import catalog
from tuner.core.budgets import BudgetState
from tuner.core.config import SweepConfig
from tuner.core.several_models import models_in
from tuner.core.sweep_folder import SweepFolder
from tuner.core.target_kind import TASK_OPTION
from tuner.search.advice import LONGER, Advice
from tuner.search.next_command import next_command
from tuner.sweeps.growth import with_more
from tuner.training.model_description import ModelDescription


def next_steps(config: SweepConfig, folder: Path, budgets: Sequence[BudgetState] = ()) -> list[tuple[str, str]]:
    """Commands, each with what it is for, likeliest to help first.

    Args:
        config: the sweep that has learnt nothing.
        folder: the sweep's, with its model.
        budgets: its budgets.
    """
    task = ModelDescription.load(SweepFolder(folder).model).data.task
    more_epochs = Advice(remarks=(), max_epochs=LONGER * config.epochs)
    same = [("train for longer", next_command(config, task, more_epochs))]
    if config.trials > 1:
        same.append(("search for longer", with_more(config, config.trials, budgets)))
    had, (dataset, own) = models_in(config.model), config.typed
    models = [("search for parameters", own)] if config.trials == 1 else []
    models += [("begin with pretrained weights", model) for model in _pretrained(task, had)]
    models += [("try another model", model) for model in _others(task, had)]
    steps = [(purpose, ["sweep", dataset, model, *config.data_options]) for purpose, model in models]
    target = ["--target", config.target] if config.target else []
    asked = [TASK_OPTION, config.asked_task] if config.asked_task else []
    words = [*target, *asked, *config.reading.words()]
    steps.append(("look at the data", ["show", dataset, *([] if config.several else [own]), *words]))
    typed = [(purpose, command) for purpose, command in same if command]
    return typed + [(purpose, shlex.join(["tuner", *words])) for purpose, words in steps]


def _pretrained(task: str, had: Collection[str]) -> list[str]:
    """A model that starts from pretrained weights, when none of those that the sweep had does."""
    fitting = [name for name in _fitting(task) if catalog.defines("models", name, "pretrained")]
    return [] if set(had) & set(fitting) else fitting[:1]


def _others(task: str, had: Collection[str]) -> list[str]:
    """Another model that starts from random weights."""
    plain = [name for name in _fitting(task) if not catalog.defines("models", name, "pretrained")]
    return [name for name in plain if name not in had][:1]


def _fitting(task: str) -> list[str]:
    return [name for name in catalog.names("models") if task in catalog.load("models", name).TASKS]
