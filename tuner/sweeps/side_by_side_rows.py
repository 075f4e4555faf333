"""What `tuner compare PAIR` shows of each sweep, in the words of the terminal and of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tuner.core.budget_text import budget_limits, ended_text
from tuner.core.budgets import FAILURES, STOPPED, TRIALS_ENDED
from tuner.core.records import Value
from tuner.core.score_text import score_text
from tuner.core.units import format_seconds
from tuner.search.space_file import space_of
from tuner.search.space_relations import CONSTRAIN
from tuner.sweeps.side_by_side import SweepSide

Row = tuple[str, list[str]]
"""A heading, and a cell for each sweep."""
NOTHING = "-"


def rows_of(sides: Sequence[SweepSide]) -> dict[str, list[Row]]:
    """The rows by their groups: what each sweep was allowed, what it searched where they differ, what it found."""
    return {
        "search": [_row(name, sides, cell) for name, cell in _SEARCH.items()],
        "search space, where they differ": _spaces(sides),
        "found": [_row(name, sides, cell) for name, cell in _FOUND.items()],
        "parameters of the winner": _parameters(sides),
    }


_ENDS = {TRIALS_ENDED: "its number of trials", STOPPED: "tuner stop", FAILURES: "too many failures"}


def _row(name: str, sides: Sequence[SweepSide], cell: Callable[[SweepSide], str]) -> Row:
    return name, [cell(each) or NOTHING for each in sides]


def _budgets(side: SweepSide) -> str:
    return ", ".join(budget_limits(side.config).values())


def _ended(side: SweepSide) -> str:
    ended_by = side.status.ended_by
    return ended_text(side.config, ended_by) or _ENDS.get(ended_by, ended_by)


def _best(side: SweepSide) -> str:
    if side.best is None:
        return ""
    error = side.error
    return f"{side.best.goal.first.name} {score_text(side.best.score, error)}" if error else side.best.score_text()


def _test(side: SweepSide) -> str:
    if side.status.test_score is None:
        return ""
    return f"{side.config.goal.kind.label} {score_text(side.status.test_score, side.status.test_interval)}"


_SEARCH: dict[str, Callable[[SweepSide], str]] = {
    "state": lambda side: side.status.state,
    "sampler": lambda side: side.config.sampler,
    "scheduler": lambda side: side.config.scheduler,
    "trials": lambda side: f"{len(side.records)} of {side.config.trials}",
    "epochs of a trial": lambda side: str(side.config.epochs),
    "other budgets": _budgets,
    "seed": lambda side: str(side.config.seed),
    "samples": lambda side: f"at most {side.config.limit:,}" if side.config.limit else "all",
    "resources": lambda side: side.status.resources,
}
_FOUND: dict[str, Callable[[SweepSide], str]] = {
    "trials by state": lambda side: side.status.summary.by_state(),
    "epochs in all": lambda side: f"{side.status.summary.epochs:,}",
    "time": lambda side: "" if side.seconds is None else format_seconds(side.seconds),
    "ended by": _ended,
    "best validation score": _best,
    "test score": _test,
    "winner": lambda side: "" if side.best is None else f"trial {side.best.number}, epoch {side.best.best_epoch}",
}


def _spaces(sides: Sequence[SweepSide]) -> list[Row]:
    """A row for each parameter, and for the relations, that are not the same in all spaces."""
    texts = [_texts(side) for side in sides]
    names = dict.fromkeys(name for each in texts for name in each)
    rows = [(name, [each.get(name, NOTHING) for each in texts]) for name in names]
    return [row for row in rows if len(set(row[1])) > 1]


def _texts(side: SweepSide) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for parameter in space_of(side.config).parameters:
        found.setdefault(parameter.key, []).append(" ".join(str(parameter).split()))
    found |= {CONSTRAIN: list(side.config.space[CONSTRAIN])} if side.config.space.get(CONSTRAIN) else {}
    return {name: "; ".join(each) for name, each in found.items()}


def _parameters(sides: Sequence[SweepSide]) -> list[Row]:
    best = [side.best.parameters if side.best else {} for side in sides]
    names = dict.fromkeys(name for each in best for name in each)
    return [(name, [_value(each[name]) if name in each else NOTHING for each in best]) for name in names]


def _value(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
