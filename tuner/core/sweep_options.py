"""The options of a sweep as a user writes them, on a command line or in Python: durations in words, lists of goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuner.core.budgets import BUDGETS, BudgetRequest
from tuner.core.code_reference import is_dataset
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.kept_code import is_kept
from tuner.core.program_request import ProgramRequest
from tuner.core.sweep_request import SweepRequest
from tuner.core.units import parse_seconds

Duration = str | float | None
"""`90s`, `30m`, `2h`, or a number of seconds."""
_TIMES = ("time_budget", "gpu_budget", "trial_timeout")
_CONFIRMING = ("confirm", "finalists", "seeds", "folds", "reshuffle", "test_by")
_READING = ("text", "test", "group", "time")


def read_sweep(options: Mapping[str, Any]) -> SweepRequest:
    """What is asked for by options of the same names as those of `tuner sweep`, with _ for -.

    `objective`, `constraint` and `constrain` may be one text or several. An option that is left out has its default.

    Raises:
        TunerError: a duration is none, or options do not go together.
    """
    given = read_times(options)
    for name in ("objective", "constraint"):
        given[name] = joined(given.get(name))
    given["constrain"] = _several(given.get("constrain"))
    budgets = BudgetRequest(**{name: given.pop(name, None) for name in BUDGETS})
    how = {name: given.pop(name) for name in _CONFIRMING if name in given}
    reading = {name: given.pop(name) for name in _READING if name in given}
    confirm = ConfirmRequest.of_sweep(
        how.get("confirm"),
        how.get("finalists"),
        how.get("seeds"),
        how.get("folds"),
        reshuffle=how.get("reshuffle", False),
        test=how.get("test_by", "winner"),
    )
    return SweepRequest(**given, budgets=budgets, confirm=confirm, options=DataOptions(**reading))


def what_is_tuned(dataset: str | None, model: str | None, script: str | None) -> dict[str, Any]:
    """The fields of a SweepRequest for the two arguments, or for `--script`.

    Raises:
        TunerError: something is missing or too much.
    """
    if script is not None:
        if dataset is not None and is_kept(Path(dataset)):  # sent along to a cluster
            return {"program": ProgramRequest.of_script(script, Path(dataset))}
        if dataset is not None:
            raise TunerError(f"--script takes the place of DATASET and MODEL: leave {dataset} out")
        return {"program": ProgramRequest.of_script(script)}
    if dataset is None:
        raise TunerError("give DATASET and MODEL, or a file with your own train(trial), or --script COMMAND")
    if model is not None:
        return {"dataset": dataset, "model": model}
    asked = None if is_dataset(dataset) else ProgramRequest.of_text(dataset)
    return {"dataset": dataset} if asked is None else {"program": asked}


def read_growth(options: Mapping[str, Any]) -> GrowRequest:
    """What is asked for by options of the same names as those of `tuner resume`. Raises TunerError as `read_sweep`."""
    given = read_times(options)
    given["constrain"] = _several(given.get("constrain"))
    budgets = BudgetRequest(**{name: given.pop(name, None) for name in BUDGETS})
    return GrowRequest(**given, budgets=budgets)


def read_times(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with durations in seconds. Raises TunerError for what is no duration."""
    return {name: seconds(value, name) if name in _TIMES else value for name, value in options.items()}


def seconds(value: Duration, name: str) -> float | None:
    """Seconds of a duration. `name` is that of the option, for the error.

    >>> seconds("30m", "time_budget"), seconds(90, "time_budget"), seconds(None, "time_budget")
    (1800.0, 90.0, None)
    """
    return None if value is None else parse_seconds(str(value), f"--{name.replace('_', '-')}")


def _several(texts: str | Sequence[str] | None) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts or ())


def joined(values: str | Sequence[str] | None) -> str | None:
    """The values of an option that may be given several times, as one."""
    if not values:
        return None
    return values if isinstance(values, str) else ",".join(values)
