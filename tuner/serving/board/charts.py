"""The report's own charts of trials, also while a sweep runs, of no more trials than a browser draws at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tuner.core.config import SweepConfig
from tuner.core.errors import unknown
from tuner.core.pareto import front_of
from tuner.core.records import TrialRecord, best_of
from tuner.report.front_series import front_series
from tuner.report.not_shown import NotShown
from tuner.report.page import Block
from tuner.report.page_front import front_block
from tuner.report.page_importance import importance_block, slices_block
from tuner.report.page_search import curves_block, history_block, learning_block, parallel_block
from tuner.report.search_series import best_so_far, parallel_coordinates
from tuner.report.slices import slices
from tuner.search.importance import NotEnoughTrialsError, importance
from tuner.search.refit import compared, fitting
from tuner.search.schedulers import make_scheduler
from tuner.search.space_file import space_of

MOST = 400
"""Trials in a chart."""
MOST_COMPARED = 2000
"""Trials that the importance of parameters is computed from."""
TITLES = {
    "history": "Score of each trial",
    "learning": "Learning curves",
    "parallel": "Parallel coordinates",
    "importance": "Parameter importance",
    "slices": "Score over each parameter",
    "front": "Pareto front",
    "curves": "Training and validation",
}


def make_chart(key: str, config: SweepConfig, records: Sequence[TrialRecord], trial: int | None = None) -> Block:
    """One of TITLES.

    Args:
        key: which one.
        config: of the sweep.
        records: its trials so far.
        trial: of `curves`, the number of the trial; by default the best.

    Raises:
        TunerError: there is no such chart.
        NotShown: there is nothing to show.
    """
    if key not in _CHARTS:
        raise unknown("chart", key, TITLES)
    if key == "curves":
        return _curves(records, trial)
    return _CHARTS[key](config, list(records))


def _history(_: SweepConfig, records: list[TrialRecord]) -> Block:
    _best(records)
    shown = thinned(records)
    return _told(history_block(shown), shown, records)


def _learning(config: SweepConfig, records: list[TrialRecord]) -> Block:
    best, shown = _best(records), thinned(records)
    block = learning_block(shown, best, make_scheduler(config), config.epochs)
    return _told(block, shown, records)


def _parallel(config: SweepConfig, records: list[TrialRecord]) -> Block:
    shown = thinned(fitting(records, config))
    return _told(parallel_block(parallel_coordinates(shown, space_of(config))), shown, records)


def _importance(config: SweepConfig, records: list[TrialRecord]) -> Block:
    few, of = compared(thinned(records, MOST_COMPARED), config)
    try:
        return importance_block(importance(few, space_of(config), of.epochs, make_scheduler(of).rungs()))
    except NotEnoughTrialsError as reason:
        raise NotShown(str(reason)) from None


def _slices(config: SweepConfig, records: list[TrialRecord]) -> Block:
    shown = thinned(records)
    few, of = compared(shown, config)
    try:
        block = slices_block(*slices(few, space_of(config), of.epochs, make_scheduler(of).rungs()))
    except NotEnoughTrialsError as reason:
        raise NotShown(str(reason)) from None
    return _told(block, shown, records)


def _front(config: SweepConfig, records: list[TrialRecord]) -> Block:
    if not config.goal.several:
        raise NotShown("the sweep has one objective")
    shown = thinned(records)
    return _told(front_block(front_series(shown)), shown, records)


def _curves(records: Sequence[TrialRecord], trial: int | None) -> Block:
    if trial is not None and not 0 <= trial < len(records):
        raise NotShown(f"there is no trial {trial} yet")
    record = _best(records) if trial is None else records[trial]
    if not record.values:
        raise NotShown(f"trial {record.number} has finished no epoch yet")
    needed = {f"{split}_{metric}" for split in ("train", "val") for metric in ("loss", record.goal.kind.score)}
    if record.goal.own or not needed <= set(record.metrics[record.epoch]):
        return learning_of(record)
    block = curves_block(record, record.best_epoch)
    return replace(block, caption=f"Trial {record.number}; the epoch that it keeps is {record.best_epoch}.")


def learning_of(record: TrialRecord) -> Block:
    """What a user's own code has reported, epoch by epoch."""
    from tuner.report.page_metrics import metrics_block  # noqa: PLC0415 - imports matplotlib

    return replace(metrics_block(record, record.best_epoch), caption=f"Trial {record.number}.")


_CHARTS: dict[str, Callable[[SweepConfig, list[TrialRecord]], Block]] = {
    "history": _history,
    "learning": _learning,
    "parallel": _parallel,
    "importance": _importance,
    "slices": _slices,
    "front": _front,
    "curves": lambda _, records: _curves(records, None),
}


def thinned(records: Sequence[TrialRecord], most: int = MOST) -> list[TrialRecord]:
    """At most about so many: each that was better than all before it, the best, the newest, and every so many-th.

    Those on the Pareto front stay, too.
    """
    if len(records) <= most:
        return list(records)
    numbers, _ = best_so_far(records)
    ranked = sorted((record for record in records if record.feasible), key=lambda record: record.best, reverse=True)
    kept = {*numbers, *(record.number for record in ranked[: most // 4])}
    kept |= {record.number for record in records[-most // 4 :]}
    kept |= {record.number for record in records[:: max(1, 2 * len(records) // most)]}
    if records[0].goal.several:
        kept |= {record.number for record in front_of(records)}
    return [record for record in records if record.number in kept]


def _best(records: Sequence[TrialRecord]) -> TrialRecord:
    best = best_of(list(records))
    if best is None:
        raise NotShown("no trial has a score yet")
    return best


def _told(block: Block, shown: Sequence[TrialRecord], records: Sequence[TrialRecord]) -> Block:
    """Says so where trials are left out."""
    if len(shown) >= len(records) or len(records) <= MOST:
        return block
    text = f"Shown are {len(shown)} of {len(records)} trials: the best, the newest, and some of the others."
    return replace(block, caption=f"{block.caption} {text}")
