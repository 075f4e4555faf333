"""The next sweep as a command to copy, in the program's own syntax."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.core.budget_text import budgets_of
from tuner.core.budgets import BudgetState
from tuner.core.config import OOM, TRIALS, SweepConfig
from tuner.core.confirm_request import CONFIRM, ConfirmRequest
from tuner.core.errors import TunerError
from tuner.core.own_code import title
from tuner.core.search_options import AUTO, SAMPLERS, SCHEDULERS
from tuner.core.several_models import models_in
from tuner.core.units import parse_seconds
from tuner.search.advice import Advice
from tuner.search.model_spaces import merged
from tuner.search.overrides import override
from tuner.search.relations import OPTION
from tuner.search.space_defaults import default_space
from tuner.search.space_file import own_space, parse_space
from tuner.search.space_relations import CONSTRAIN
from tuner.search.start_points import START

CONFIRMING = 5  # seeds
TIMES = 2  # how many times as many trials are proposed to a user


def next_command(config: SweepConfig, task: str, advice: Advice) -> str:
    """The command of a sweep like this one, with what the advice changes.

    Args:
        config: of the sweep, or of the single training, that is over.
        task: of its data; decides the pair's default space.
        advice: what to change.

    Where nothing changes, it trains the best trial again with other seeds. The text is empty where no command says
    it: the path of a sweep's own space file is not known, and not all of it can be written with `--set`.
    """
    if config.trials > 1 and not advice.changes and (config.scheduler == "pbt" or config.confirm):
        return ""  # its winner's values change, so nothing confirms them; or they are confirmed already
    if config.trials > 1 and not advice.changes:
        return shlex.join(["tuner", "confirm", config.name, "--seeds", str(CONFIRMING)])
    data = config.typed
    if config.trials == 1:
        longer = ["--max-epochs", str(advice.max_epochs)] if advice.max_epochs else ["--seed", str(config.seed + 1)]
        return shlex.join(["tuner", "train", *data, "--from-best", config.name, *longer, *_same(config)])
    base = pair_space(config, task)
    own = _own_overrides(config.space, base)
    if own is None:
        return ""
    changed = {expression.partition("=")[0] for expression in advice.overrides}
    expressions = [each for each in own if each.partition("=")[0] not in changed] + list(advice.overrides)
    if not _parses(base, expressions):
        return ""
    trials, epochs = advice.trials or config.trials, advice.max_epochs or config.epochs
    options = [part for each in expressions for part in ("--set", each)]
    new = [text for text in config.space.get(CONSTRAIN, ()) if text not in base.get(CONSTRAIN, ())]
    options += [part for text in new for part in (OPTION, text)]
    options += ["--trials", str(trials)] if trials != TRIALS else []
    options += ["--max-epochs", str(epochs)] if epochs != base["epochs"] else []
    options += _searching(config)
    options += ["--time-budget", f"{config.time_budget:g}s"] if _is_duration(config.time_budget) else []
    options += [*budgets_of(config).words(), *_after_the_search(config), *_running(config)]
    return shlex.join(["tuner", "sweep", *data, *options, *_same(config)])


def resume_command(config: SweepConfig, advice: Advice, budgets: Sequence[BudgetState] = ()) -> str:
    """The command that goes on with this sweep, so that its trials count; empty where only another sweep serves.

    Args:
        config: of the sweep, which is over.
        advice: what to change.
        budgets: its budgets: those that are used up get more.
    """
    if config.trials == 1 or config.sampler == "grid" or config.scheduler == "pbt" or not advice.changes:
        return ""
    if not _parses(config.space, advice.overrides):
        return ""
    words = ["tuner", "resume", config.name]
    if advice.overrides or advice.trials:  # more epochs alone train the best points anew
        words += ["--trials", str(max(advice.trials or 0, TIMES * config.trials))]
    words += ["--max-epochs", str(advice.max_epochs)] if advice.max_epochs else []
    words += [part for each in advice.overrides for part in ("--set", each)]
    words += ["--time-budget", f"{config.time_budget:g}s"] if _is_duration(config.time_budget) else []
    words += [word for each in budgets if each.name != "time_budget" for word in each.more.split()]
    return shlex.join(words)


def pair_space(config: SweepConfig, task: str) -> dict[str, Any]:
    """The parsed search space that the pair has without `--space` and `--set`."""

    def of(model: str) -> dict[str, Any]:
        own = own_space(config.dataset_name, model)
        return default_space(model, task) if own is None else own[0]

    names = models_in(config.model)
    return merged({title(name): of(name) for name in names}) if len(names) > 1 else of(config.model)


def _searching(config: SweepConfig) -> list[str]:
    """How the sweep drew, compared and stopped trials. A grid is searched once: what comes next is no grid any more."""
    sampler = AUTO if config.auto else config.sampler
    options = [] if sampler in (SAMPLERS[0], "grid") else ["--sampler", sampler]
    options += [] if config.scheduler == SCHEDULERS[0] else ["--scheduler", config.scheduler]
    return [*options, *config.goal.words()]


def _after_the_search(config: SweepConfig) -> list[str]:
    """What was done with the winner."""
    asked = ConfirmRequest(
        seeds=config.confirm,
        reshuffle=config.reshuffle,
        test=config.test,
        finalists=config.finalists,
        folds=config.folds,
    )
    return [
        *(asked.words(CONFIRM) if config.confirm else []),
        *(["--refit"] if config.refit else []),
        *_ensemble(config),
    ]


def _ensemble(config: SweepConfig) -> list[str]:
    return ["--ensemble", str(config.ensemble)] if config.ensemble else []


def _running(config: SweepConfig) -> list[str]:
    """Where and how its trials ran, as far as a user asked for it: the rest follows from the machine."""
    plain = config.goal.by_score and config.scheduler != "pbt"
    without = not config.default if plain else START not in config.space
    words = ["--without-default"] if without and config.sampler != "grid" else []
    words += ["--concurrency", "1"] if config.concurrency == 1 else []  # so that it repeats
    words += ["--oom", config.oom] if config.oom != OOM[0] else []
    return [*words, *(["--storage", config.storage] if config.storage else [])]


def _same(config: SweepConfig) -> list[str]:
    """Options of the data and the weights, as they were."""
    given = {"--weights": config.weights, "--limit": config.limit}
    more = [part for option, value in given.items() if value is not None for part in (option, str(value))]
    return [*config.data_options, *more]


def _own_overrides(space: Mapping[str, Any], base: Mapping[str, Any]) -> list[str] | None:
    """The `--set` values that make the sweep's space of the pair's; None where none do."""
    params, before = space.get("params", {}), base.get("params", {})
    if set(before) - set(params):
        return None
    expressions = []
    for name, entry in params.items():
        if entry != before.get(name):
            expressions.append(f"{name}={_expression(entry)}")
    try:
        made = override(base, expressions)["params"]
    except TunerError:
        return None
    return expressions if made == params else None


def _expression(entry: Any) -> str:
    if isinstance(entry, dict) and "choices" in entry:
        choices = ",".join(map(_value, entry["choices"]))
        return choices if len(entry["choices"]) > 1 else f"{choices},"
    if isinstance(entry, dict) and "low" in entry and "high" in entry:
        return f"{_value(entry['low'])}..{_value(entry['high'])}"
    return _value(entry)


def _value(value: Any) -> str:
    if isinstance(value, float) and float(f"{value:g}") == value:
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parses(base: Mapping[str, Any], expressions: Sequence[str]) -> bool:
    try:
        parse_space(override(base, expressions), "--set", narrowed=True)
    except TunerError:
        return False
    return True


def _is_duration(seconds: float | None) -> bool:
    if seconds is None:
        return False
    try:
        return parse_seconds(f"{seconds:g}s", "--time-budget") > 0
    except TunerError:
        return False
