"""Makes a sweep's report and sends it to MLflow, here or in a process that goes on after this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import disk_error_text, one_line
from tuner.core.outcome import Outcome
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.drawing import draw_apart, drawing
from tuner.sweeps.lock import live_trials
from tuner.tracking.store import Store

if TYPE_CHECKING:
    from tuner.report.make import Report


def publish_report(outcome: Outcome, store: Store, events: Callbacks) -> Outcome:
    """Makes the report, or leaves that to another process if the callbacks allow it.

    A failure is a warning: the result is safe, and the report can be made again.
    """

    def warn(message: str) -> None:
        events.on_note(f"{message}; to make the report again: tuner report {outcome.config.name}")

    try:
        if events.leaves_report:
            draw_apart(SweepFolder(outcome.folder), send=not outcome.unsent, embedded=store.embedded)
            return replace(outcome, report=SweepFolder(outcome.folder).report_page, drawing=True)
        with events.phase("Making the report"):
            made = publish(outcome.folder, None if outcome.unsent else store, warn)
            return replace(outcome, report=made.page)
    except (Exception, KeyboardInterrupt) as error:
        warn(f"there is no report: {disk_error_text(error) or one_line(error)}")
        return outcome


def publish(sweep: Path, store: Store | None, warn: Callable[[str], None]) -> Report:
    """Makes the report and sends it to the sweep's run in MLflow. If part of that fails, it is only a warning.

    Without a `store` it is not sent. Waits while another process makes it.
    """
    with drawing(SweepFolder(sweep)) as told:

        def tell(message: str) -> None:
            told.append(message)
            warn(message)

        return make_and_send(sweep, store, tell)


def make_and_send(sweep: Path, store: Store | None, warn: Callable[[str], None]) -> Report:
    """The same, for a process that draws alone: see `drawing`."""
    from tuner.report.make import make_report  # noqa: PLC0415 - imports matplotlib and plotly
    from tuner.sweeps.run_note import run_note  # noqa: PLC0415
    from tuner.tracking.artifacts import send_report  # noqa: PLC0415 - imports MLflow

    report = make_report(sweep, live_trials(sweep))
    for part, error in report.failed.items():
        warn(f"the report's part '{part}' could not be made: {error}")
    if store is None:
        return report
    try:
        note, pictures = run_note(SweepFolder(sweep))
        send_report(store, SweepConfig.load(sweep), report.folder, note, pictures)
    except Exception as error:
        warn(f"the report is not in MLflow: {one_line(error)}")
    return report
