"""The first lines that are told of a sweep."""

from __future__ import annotations

from tuner.core.budget_text import budget_limits
from tuner.core.config import SweepConfig
from tuner.core.earlier import first_trial
from tuner.core.search_options import SAMPLERS, SCHEDULERS, sampler_text
from tuner.core.several_models import equal_time_text
from tuner.core.units import counted, format_parameters
from tuner.search.schedulers import make_scheduler
from tuner.search.space_file import space_of
from tuner.search.space_relations import CONSTRAIN
from tuner.search.start_points import MOST_POINTS

BEGUN = r"(one trial|\d+ trials|the best trial|the finalists) of "
"""A pattern for what follows `NAME: ` in it: `cli.remote` waits for that."""


def announcement(config: SweepConfig, *, confirms: bool = False) -> str:
    """What begins: the search, or once that is over what `confirms` its best trial."""
    name, what = config.name, config.subject
    if confirms:
        which = "the finalists" if config.finalists else "the best trial"
        return f"{name}: {which} of {what}, again with other seeds"
    trials = "one trial" if config.trials == 1 else f"{config.trials} trials"
    size = counted(config.epochs, "epoch")
    if config.trials > 1:
        size = f"at most {size} each, {config.concurrency} at a time"
    return f"{name}: {trials} of {what}, {size}{_asked(config)}{_budgets(config)}"


def _asked(config: SweepConfig) -> str:
    """How it searches, where a user asked for something else than the default."""
    goal = config.goal
    words = [] if goal.by_score else [f"objective {' and '.join(map(str, goal.objectives))}"]
    words += [f"constraint {' and '.join(map(str, goal.constraints))}"] if goal.constraints else []
    words += [f"only points with {' and '.join(config.space[CONSTRAIN])}"] if config.space.get(CONSTRAIN) else []
    if config.auto or config.sampler != SAMPLERS[0]:
        words.append(sampler_text(config.sampler, config.auto))
    if config.scheduler != SCHEDULERS[0]:
        rungs = ", ".join(map(str, make_scheduler(config).rungs()))
        words.append(f"scheduler {config.scheduler}{f' (rungs: epochs {rungs})' if rungs else ''}")
    words += [equal_time_text(config.passes)] if config.passes else []
    return f"; {', '.join(words)}" if words else ""


def _budgets(config: SweepConfig) -> str:
    """What ends the search before all its trials have."""
    limits = list(budget_limits(config).values())
    if len(limits) > 1:
        return f"; ends at {', '.join(limits[:-1])} or {limits[-1]}, whichever comes first"
    return f"; ends at {limits[0]}" if limits else ""


def start_lines(config: SweepConfig) -> list[str]:
    """What the first trials try, a line each; of many, the first ones and how many more there are."""
    first = first_trial(config)
    points = space_of(config).start[: config.trials - first]
    default = dict.fromkeys(range(config.defaults), "the default: ")
    shown = enumerate(points[: max(MOST_POINTS, config.defaults)], first)
    lines = [f"  trial {number} tries {default.get(number, '')}{format_parameters(point)}" for number, point in shown]
    more = len(points) - len(lines)
    return [*lines, f"  ... and {counted(more, 'start point')} more"] if more else lines


def dashboard_text(address: str) -> str:
    """Where the dashboard is that was asked for; without an address, why there is none."""
    if not address:
        return "there is no dashboard: a single trial runs without Ray"
    return f"Ray's dashboard, as long as the sweep runs: {address}; its token: ray get-auth-token"
