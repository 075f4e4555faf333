"""What a sweep was before `tuner resume` changed its search space or its number of epochs: `SweepConfig.earlier`.

Each entry is plain data in sweep.json: the `space`, the `epochs` of a trial, how many `trials` had begun when it was
replaced, and the `defaults` of training and of the model at that time, for parameters that a space does not name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.core.config import SweepConfig


def first_trial(config: SweepConfig) -> int:
    """The number of the first trial that is drawn from the search space that the sweep has now."""
    return int(config.earlier[-1]["trials"]) if config.earlier else 0


def first_drawn_alike(config: SweepConfig) -> int:
    """The number of the first trial since which trials are drawn from the same ranges for the same number of epochs."""
    now = drawn_from(config.space), config.epochs
    for before in reversed(config.earlier):
        if (drawn_from(before["space"]), before["epochs"]) != now:
            return int(before["trials"])
    return 0


def drawn_from(space: Mapping[str, Any]) -> tuple[Any, Any]:
    """What of the parsed TOML of a search space decides which points there are."""
    return space["params"], space.get("constrain", [])


def raw_space(config: SweepConfig, number: int) -> dict[str, Any]:
    """The parsed TOML of the search space that a trial was drawn from."""
    spaces: list[dict[str, Any]] = [each["space"] for each in config.earlier if number < each["trials"]]
    return next(iter(spaces), config.space)


def default_values(config: SweepConfig) -> dict[str, Any]:
    """What training and the model take for a parameter that a search space does not name, as far as that is needed."""
    return {name: value for each in config.earlier for name, value in each["defaults"].items()}


def lengths(config: SweepConfig) -> list[tuple[int, int]]:
    """The numbers of epochs that its trials train for, each with the number of the first trial that does."""
    found: list[tuple[int, int]] = []
    first = 0
    for before in config.earlier:
        if not found or found[-1][1] != before["epochs"]:
            found.append((first, int(before["epochs"])))
        first = int(before["trials"])
    return found if found and found[-1][1] == config.epochs else [*found, (first, config.epochs)]


def first_of_length(config: SweepConfig) -> int:
    """The number of the first trial that trains for as many epochs as new ones do."""
    return lengths(config)[-1][0]


def epochs_of(config: SweepConfig, number: int) -> int:
    """How many epochs a trial trains for, if it is not stopped early."""
    return next(epochs for first, epochs in reversed(lengths(config)) if number >= first)
