"""One sweep that somebody looks at: its trials, and its charts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tuner.core.records import TrialRecord
from tuner.report.page import Block
from tuner.serving.board.charts import make_chart
from tuner.serving.board.feed import Feed
from tuner.serving.board.overview import Overview
from tuner.serving.board.rows import trial_row
from tuner.serving.board.stamp import Stamp

FRESH_S, REST = 2.0, 10  # a chart is drawn again after 2 s, and after 10 times as long as it took
MOST_KEPT = 50


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A chart, and the trials that it shows."""

    block: Block
    version: int
    """Of the trials."""
    at: float
    """When it was drawn, by the monotonic clock."""
    took: float
    """Seconds."""


class SweepView:
    """The trials of a sweep as rows; a look makes only those anew that have changed."""

    def __init__(self, name: str, overview: Overview) -> None:
        """Raises TunerError when there is no such sweep."""
        self.name, self._overview = name, overview
        self.trials = Feed()
        self._stamp: Stamp | None = None
        self._records: list[TrialRecord] = []
        self._charts: dict[tuple[str, int | None], Drawn] = {}
        with overview.lock:
            self._reader = overview.reader(name)
        self.config = self._reader.config

    def look(self) -> None:
        """Reads what has changed. Raises TunerError when the sweep is gone or damaged."""
        stamp = Stamp.of(self._overview.home / self.name)
        if stamp == self._stamp:
            return
        with self._overview.lock:
            self._reader = self._overview.reader(self.name) if self._is_new(stamp) else self._reader
            self.config = self._reader.config
            records = self._reader.live_records()
        before, self._records, self._stamp = self._records, records, stamp
        for record, known in zip(records, [*before, *[None] * len(records)], strict=False):
            if record is not known:
                self.trials.put(str(record.number), trial_row(record, self.config))
        self.trials.keep([str(record.number) for record in records])

    def chart(self, key: str, trial: int | None = None) -> Drawn:
        """A chart of the trials as they were at the last look.

        One that took long to draw is not drawn again at once while trials change.

        Raises:
            TunerError: there is no such chart.
            NotShown: there is nothing to show.
        """
        now, known = time.monotonic(), self._charts.get((key, trial))
        if known and (known.version == self.trials.version or now < known.at + max(FRESH_S, REST * known.took)):
            return known
        version = self.trials.version
        block = make_chart(key, self.config, self._records, trial)
        if len(self._charts) >= MOST_KEPT:
            self._charts.clear()
        drawn = Drawn(block=block, version=version, at=now, took=time.monotonic() - now)
        self._charts[key, trial] = drawn
        return drawn

    def _is_new(self, stamp: Stamp) -> bool:
        """Whether the sweep's configuration has changed: then its readers are made anew."""
        return self._stamp is not None and (stamp.config, stamp.running) != (self._stamp.config, self._stamp.running)
