"""The table of all trials, to sort and to filter on the page, and what the sweep suggests to try next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tuner.core.objective import METRICS, Metric
from tuner.core.records import TrialRecord
from tuner.core.units import format_seconds
from tuner.report.page import Block, render_template
from tuner.search.advice import Advice


def trials_block(records: Sequence[TrialRecord], epochs_of: Callable[[int], int]) -> Block:
    """A row for each trial, the best first; those that failed or have no score come last.

    What is said of how one ended was decided then: its place at the rung, and what it took to go on.
    """
    names = dict.fromkeys(name for record in records for name in record.parameters)
    varying = [name for name in names if len({str(record.parameters.get(name)) for record in records}) > 1]
    reasons = any(record.reason for record in records)
    goal = records[0].goal
    metrics = goal.metrics if goal.own else tuple(dict.fromkeys((*goal.metrics, METRICS["val_loss"])))
    header = ["trial", "state", "epochs", *(metric.name for metric in metrics), "time", *varying]
    header += ["how it ended"] if reasons else []
    rows = [_row(record, metrics, varying, epochs_of(record.number), reasons=reasons) for record in _ordered(records)]
    constant = [f"{name}={_cell(next(iter(records)).parameters[name])}" for name in names if name not in varying]
    same = f" The same in all trials: {', '.join(constant)}." if constant else ""
    caption = (
        "The score is that of the epoch that a trial keeps. Pruned trials were stopped early: they have trained for "
        f"fewer epochs than those that are done.{same}"
    )
    return Block(caption=caption, html=render_template("trials.html", header=header, rows=rows, ended=reasons))


def advice_block(advice: Advice, command: str, purpose: str) -> Block:
    """Sentences, and a command to copy, with what it is for."""
    return Block(html=render_template("advice.html", remarks=advice.remarks, command=command, purpose=purpose))


def _ordered(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    scored = sorted(
        (r for r in records if r.values), key=lambda r: (r.state != "FAIL", r.best, -r.number), reverse=True
    )
    return [*scored, *(record for record in records if not record.values)]


def _row(
    record: TrialRecord, metrics: Sequence[Metric], names: Sequence[str], epochs: int, *, reasons: bool
) -> list[str]:
    row = [str(record.number), record.word, f"{record.epoch} of {epochs}"]
    outcome = record.outcome(record.best_epoch)
    row += [metric.text(outcome[metric.name]) if metric.name in outcome else "" for metric in metrics]
    seconds = sum(metrics.get("epoch_seconds", 0.0) for metrics in record.metrics.values())
    row.append(format_seconds(seconds) if seconds else "")
    row += [_cell(record.parameters[name]) if name in record.parameters else "" for name in names]
    return [*row, *([record.reason] if reasons else [])]


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
