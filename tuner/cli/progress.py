"""The live view of a running sweep: a table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuner.cli.objective_output import metric_cells, parameters_heading
from tuner.core.config import SweepConfig
from tuner.core.earlier import epochs_of
from tuner.core.progress_text import ProgressLines, best_text, budgets_left, share_done, time_left
from tuner.core.summary import Summary
from tuner.core.units import counted, format_parameters

FRAME_S = 0.25
SHARE = 0.02  # of the time of the process that decides, at most: with many trials frames become rarer
OTHER_COLUMNS = 32  # characters that the table of running trials needs besides the parameters


class ProgressView:
    """Shows a sweep while it runs. Close it, or use it as a context manager, so that the terminal is left in order."""

    def __init__(self, config: SweepConfig, console: Console) -> None:
        self._config = config
        self._console = console
        self._next = 0.0
        self._lines = ProgressLines()
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Takes the live table away."""
        if self._live:
            self._live.stop()

    def tick(self, summarise: Callable[[], Summary]) -> None:
        """Redraws if it is time to. Called several times a second; the first call begins the live table."""
        now = time.monotonic()
        if self._live and not self._live.is_started:
            self._live.start()
        if now < self._next:
            return
        summary = summarise()
        self._next = now + max(FRAME_S, (time.monotonic() - now) / SHARE)
        if self._live:
            self._live.update(self._table(summary), refresh=True)
        elif line := self._lines.line(summary, now):
            self._console.print(line, soft_wrap=True)

    def _table(self, summary: Summary) -> RenderableType:
        share = share_done(summary)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=1.0, completed=share, width=40),
            f"{share:4.0%}",
            counted(summary.epochs, "epoch"),
            time_left(summary),
        )
        lines: list[RenderableType] = [bar, Text(summary.states())]
        if summary.budgets:
            lines.append(Text(f"budgets: {budgets_left(summary)}"))
        if summary.best:
            lines.append(Text.assemble("best ", (best_text(summary.best), "bold green")))
        if summary.live:
            lines.append(self._running(summary))
        return Group(*lines)

    def _running(self, summary: Summary) -> Table:
        table = Table(box=None, padding=(0, 1), pad_edge=False)
        metrics = self._config.goal.metrics
        for column in ("trial", "epoch", *(metric.name for metric in metrics)):
            table.add_column(column, justify="right", overflow="ellipsis", no_wrap=True)
        table.add_column(parameters_heading(self._config.goal), overflow="ellipsis", no_wrap=True)
        for record in summary.live:
            epoch = f"{record.epoch}/{epochs_of(self._config, record.number)}"
            parameters = Text(format_parameters(record.parameters))
            others = OTHER_COLUMNS + sum(len(metric.name) + 2 for metric in metrics[1:])
            parameters.truncate(max(10, self._console.width - others), overflow="ellipsis")
            table.add_row(str(record.number), epoch, *metric_cells(record, record.epoch), parameters)
        return table
