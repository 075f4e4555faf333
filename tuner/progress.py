"""The terminal view of a running sweep: a live table on a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuner.config import SweepConfig
from tuner.duration import format_seconds
from tuner.records import SCORE, TrialRecord, best_of
from tuner.schedule import expected_epochs, rungs
from tuner.space import Value

LINE_S = 10.0  # at most one plain line in so many seconds, but for the end of a trial
FRAME_S = 0.25
OTHER_COLUMNS = 32  # characters that the table of running trials needs beside the parameters
_ORDER = ("done", "running", "waiting", "pruned", "failed", "left")


def announcement(config: SweepConfig) -> str:
    """The first line of a sweep."""
    trials = "one trial" if config.trials == 1 else f"{config.trials} trials"
    size = f"{config.epochs} epochs"
    if config.trials > 1:
        size = f"at most {size} each, {config.concurrency} at a time"
    return f"[bold]{config.name}[/bold]: {trials} of {config.model} on {config.source.name}, {size}"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Where a sweep stands."""

    counts: Mapping[str, int]
    """Trials that are `done`, `running`, `waiting` at a rung, `pruned`, `failed` and `left` to begin."""
    epochs: int
    expected: int
    """Epochs of the whole sweep, if every rung sends on its share."""
    best: TrialRecord | None
    live: tuple[TrialRecord, ...]
    left: float | None
    """Seconds that it will go on; None when that is not known yet."""

    @classmethod
    def of(
        cls, config: SweepConfig, records: list[TrialRecord], live: set[int], began: float | None, spent: float = 0.0
    ) -> Self:
        """Counts the study's records.

        `began` is when this run of the sweep did, in seconds since 1970, if it runs; `spent` are the seconds of its
        time budget that earlier runs had.
        """
        names = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
        states = Counter(names.get(r.state) or ("running" if r.number in live else "waiting") for r in records)
        epochs = sum(len(record.values) for record in records)
        finalists = [r for r in records if r.number in live and r.epoch >= max(rungs(config.epochs), default=0)]
        certain = sum(config.epochs - record.epoch for record in finalists)
        expected = expected_epochs(config.trials, config.epochs, workers=config.concurrency)
        expected = max(expected, epochs + certain)
        return cls(
            counts={**states, "left": config.trials - len(records)},
            epochs=epochs,
            expected=expected,
            best=best_of(records),
            live=tuple(record for record in records if record.number in live),
            left=None if began is None else _left(config, records, expected - epochs, began, spent),
        )

    def states(self) -> str:
        """`16 trials: 2 done, 1 running, ...`, all that there are."""
        labels = {"waiting": "waiting at a rung", "left": "to begin"}
        parts = [f"{self.counts[name]} {labels.get(name, name)}" for name in _ORDER if self.counts.get(name)]
        total = sum(self.counts.values())
        return f"{total} {'trial' if total == 1 else 'trials'}: {', '.join(parts)}"


class View:
    """Shows a sweep while it runs; a context manager, so that a live table always leaves the terminal whole."""

    def __init__(self, config: SweepConfig, summary: Callable[[], Summary], console: Console) -> None:
        self._config = config
        self._summary = summary
        self._console = console
        self._next = self._line_due = 0.0
        self._ended = 0
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def tick(self) -> None:
        """Redraws if it is time to. Called several times a second."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + FRAME_S
        summary = self._summary()
        if self._live:
            self._live.update(self._table(summary), refresh=True)
        else:
            self._line(summary, now)

    def _line(self, summary: Summary, now: float) -> None:
        ended = sum(summary.counts.get(name, 0) for name in ("done", "pruned", "failed", "waiting"))
        if ended == self._ended and now < self._line_due:
            return
        self._ended, self._line_due = ended, now + LINE_S
        if not summary.epochs:
            return
        best = summary.best
        shown = f"; best {SCORE} {best.best[0]:.4f} (trial {best.number})" if best else ""
        self._console.print(
            f"{summary.states()}; {summary.epochs} epochs{shown}; {_time_left(summary)}", soft_wrap=True
        )

    def _table(self, summary: Summary) -> RenderableType:
        share = min(1.0, summary.epochs / max(1, summary.expected))
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=1.0, completed=share, width=40),
            f"{share:4.0%}",
            f"{summary.epochs} epochs",
            _time_left(summary),
        )
        lines: list[RenderableType] = [bar, Text(summary.states())]
        if summary.best:
            lines.append(Text.assemble("best ", (_best(summary.best), "bold green")))
        if summary.live:
            lines.append(self._running(summary))
        return Group(*lines)

    def _running(self, summary: Summary) -> Table:
        table = Table(box=None, padding=(0, 1), pad_edge=False)
        for column in ("trial", "epoch", SCORE, "parameters"):
            table.add_column(
                column, justify="left" if column == "parameters" else "right", overflow="ellipsis", no_wrap=True
            )
        for record in summary.live:
            score = f"{record.values[record.epoch]:.4f}" if record.values else ""
            epoch = f"{record.epoch}/{self._config.epochs}"
            parameters = Text(format_parameters(record.parameters))
            parameters.truncate(max(10, self._console.width - OTHER_COLUMNS), overflow="ellipsis")
            table.add_row(str(record.number), epoch, score, parameters)
        return table


def format_parameters(parameters: Mapping[str, Value]) -> str:
    """`batch_size=64 lr=0.0123`."""
    return " ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in parameters.items())


def _best(record: TrialRecord) -> str:
    parameters = format_parameters(record.parameters)
    return f"{SCORE} {record.best[0]:.4f}, trial {record.number} after epoch {record.best_epoch}: {parameters}"


def _time_left(summary: Summary) -> str:
    return "starting" if summary.left is None else f"about {format_seconds(summary.left)} left"


def _left(config: SweepConfig, records: list[TrialRecord], epochs: int, began: float, spent: float) -> float | None:
    """From the speed of this run so far: what a resumed sweep had before took no time of it."""
    elapsed = max(0.0, time.time() - began)
    trained = sum(metrics["time"] >= began for record in records for metrics in record.metrics.values())
    left = max(0.0, epochs * elapsed / trained) if trained else None
    if config.time_budget is None:
        return left
    budget = max(0.0, config.time_budget - spent - elapsed)
    return budget if left is None else min(left, budget)
