"""A sweep and a trial as the page shows them: names, numbers and short texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuner.core.budget_text import ended_text
from tuner.core.config import SweepConfig
from tuner.core.earlier import epochs_of
from tuner.core.errors import TunerError
from tuner.core.finite import finite
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_result
from tuner.core.score_text import score_text
from tuner.core.scores import Interval
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.lock import last_driver
from tuner.sweeps.status import Status

Row = dict[str, Any]
_ENDED = ("done", "pruned", "failed")


def sweep_row(status: Status, folder: Path) -> Row:
    """A row of the list of all sweeps."""
    config, summary = status.config, status.summary
    driver, place = last_driver(folder), SweepFolder(folder)
    counts = {state: count for state, count in summary.counts.items() if count}
    return {
        "name": config.name,
        "subject": config.subject,
        "pair": config.pair,
        "typed": [] if config.program else config.typed,
        "state": status.state,
        "reason": status.reason,
        "unsent": status.unsent,
        "counts": counts,
        "ended": sum(counts.get(state, 0) for state in _ENDED),
        "trials": sum(counts.values()),
        "epochs": summary.epochs,
        "max_epochs": config.epochs,
        "progress": _progress(status),
        "metric": config.goal.first.name,
        "better": config.goal.first.direction,
        "best": _best(status, summary.best, _samples(place, driver.samples if driver else 0)),
        "test": "" if status.test_score is None else score_text(status.test_score, status.test_interval),
        "test_label": config.goal.kind.label,
        "seconds_left": _rough(summary.left) if status.running else None,
        "began": status.began,
        "finished": status.finished,
        "ended_by": ended_text(config, status.ended_by),
        "budgets": [each.text for each in summary.budgets],
        "resources": status.resources,
        "report": place.report_page.exists(),
        "report_note": status.report,
        "dashboard": driver.dashboard if driver and status.running else "",
        "folder": str(folder),
    }


def trial_row(record: TrialRecord, config: SweepConfig) -> Row:
    """A row of the table of trials."""
    outcome = record.outcome(record.best_epoch)
    return {
        "number": record.number,
        "state": record.word,
        "epoch": record.epoch,
        "epochs": epochs_of(config, record.number),
        "metrics": {each.name: finite(outcome[each.name]) for each in record.goal.metrics if each.name in outcome},
        "seconds": round(sum(each.get("epoch_seconds", 0.0) for each in record.metrics.values()), 1),
        "parameters": record.parameters,
        "reason": record.reason,
    }


def _best(status: Status, best: TrialRecord | None, samples: int) -> Row | None:
    if best is None:
        return None
    goal = status.config.goal
    interval = None
    if goal.by_accuracy and samples and best.values:
        from tuner.training.score_error import wilson  # noqa: PLC0415 - imports scipy

        interval = wilson(best.score * samples, samples)
    text = score_text(best.score, interval) if interval else goal.first.metric.text(best.score)
    return {
        "trial": best.number,
        "epoch": best.best_epoch,
        "score": finite(best.score),
        "text": text,
        "error": _error_words(interval, samples),
        "parameters": best.parameters,
    }


def _error_words(interval: Interval | None, samples: int) -> str:
    return f"with the 95 % interval, of {samples} validation samples" if interval else ""


def _samples(folder: SweepFolder, known: int) -> int:
    """Of the validation split; 0 where that is not known."""
    if not folder.result.exists():
        return known
    try:
        best: Mapping[str, Any] = read_result(folder.path).get("best") or {}
    except TunerError:
        return known
    return int(best.get("val_samples") or known)


def _progress(status: Status) -> float:
    """The share of the sweep that is done, as far as it can be told."""
    if status.state == "finished":
        return 1.0
    share = status.summary.epochs / max(1, status.summary.expected)
    return round(min(0.99, share), 3)


def _rough(seconds: float | None) -> float | None:
    """With two digits, so that it changes when it says something new; None when it is not known, or over."""
    return float(f"{seconds:.2g}") if seconds and math.isfinite(seconds) else None
