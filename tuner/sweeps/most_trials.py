"""How many trials a sweep can have."""

from __future__ import annotations

from tuner.core.config import MOST_TRIALS, SweepConfig
from tuner.core.earlier import first_trial
from tuner.search.finite import at_least, count_points
from tuner.search.next_command import TIMES
from tuner.search.space_file import space_of


def most_trials(config: SweepConfig) -> int:
    """How many trials a sweep can have: as many as there are points to try, and in a population those it began with."""
    if config.scheduler == "pbt":
        return config.trials
    space, first = space_of(config), first_trial(config)
    most = MOST_TRIALS if config.sampler != "grid" else 0
    if at_least(space) >= TIMES * config.trials and most:
        return most
    points = count_points(space)
    return most if points is None else first + points - (int(config.earlier[-1]["tried"]) if config.earlier else 0)


def full_text(config: SweepConfig, most: int) -> str:
    """Why a sweep cannot have more trials than `most`."""
    if config.scheduler == "pbt":
        return f"{config.name} is a population of {most} (--scheduler pbt), which does not grow: begin a new sweep"
    if most == 1:
        return f"{config.name} trains one point alone: to search, begin a sweep: tuner sweep"
    if config.sampler == "grid":
        return f"{config.name} tries the points of a grid, and there are {most}"
    return f"{config.name} has tried each point of its search space: give it more with --set or --space"
