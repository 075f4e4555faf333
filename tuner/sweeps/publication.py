"""Makes a sweep's report and sends it to MLflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import disk_error_text, one_line
from tuner.core.outcome import Outcome
from tuner.report.make import Report, make_report
from tuner.sweeps.lock import live_trials
from tuner.tracking.artifacts import send_report
from tuner.tracking.store import Store


def publish_report(outcome: Outcome, store: Store, events: Callbacks) -> Outcome:
    """Makes the report. A failure is a warning: the result is safe, and the report can be made again."""

    def warn(message: str) -> None:
        events.on_note(f"{message}; to make the report again: tuner report {outcome.config.name}")

    try:
        with events.phase("Making the report"):
            made = publish(outcome.folder, None if outcome.unsent else store, warn)
            return replace(outcome, report=made.page)
    except (Exception, KeyboardInterrupt) as error:
        warn(f"there is no report: {disk_error_text(error) or one_line(error)}")
        return outcome


def publish(sweep: Path, store: Store | None, warn: Callable[[str], None]) -> Report:
    """Makes the report and sends it to the sweep's run in MLflow. If part of that fails, it is only a warning.

    Without a `store` it is not sent.
    """
    report = make_report(sweep, live_trials(sweep))
    for part, error in report.failed.items():
        warn(f"the report's part '{part}' could not be made: {error}")
    if store is None:
        return report
    try:
        send_report(store, SweepConfig.load(sweep), report.folder)
    except Exception as error:
        warn(f"the report is not in MLflow: {one_line(error)}")
    return report
