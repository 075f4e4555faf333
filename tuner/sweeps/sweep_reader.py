"""Reads where sweeps stand from their folders, also while they run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuner.core.budgets import NO_BUDGETS
from tuner.core.confirmation import Confirmation, ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord
from tuner.core.refit import RefitPlan
from tuner.core.result_file import read_result, tells_all_sent
from tuner.core.sweep_folder import SweepFolder, known_sweep, sweep_names
from tuner.search.study_reader import GPU_SPENT, StudyReader
from tuner.search.summary import summarise
from tuner.sweeps.confirmation import confirmations, lacks
from tuner.sweeps.drawing import report_state
from tuner.sweeps.lock import Driver, Order, current_order, is_running, last_driver, live_trials
from tuner.sweeps.status import Status, interval_in


class SweepReader:
    """Reads the state of a sweep repeatedly."""

    def __init__(self, name: str, home: Path) -> None:
        """Raises TunerError when there is no such sweep."""
        self.config = replace(known_sweep(name, home), name=name)  # that of the folder, which may have been renamed
        self.folder = home / name
        self._reader = StudyReader(SweepFolder(self.folder).journal)
        self._confirm_reader = StudyReader(SweepFolder(self.folder).confirmation.journal)
        self._refit_reader = StudyReader(SweepFolder(self.folder).refit.journal)

    def records(self) -> list[TrialRecord]:
        """The sweep's trials."""
        return self._reader.records()

    def live_records(self) -> list[TrialRecord]:
        """The sweep's trials, of which those that workers have now are `live`."""
        live = live_trials(self.folder)
        return [replace(record, live=True) if record.number in live else record for record in self.records()]

    def later_records(self) -> list[TrialRecord]:
        """The trainings that confirm its winner, and the one that refits it."""
        plan, refit = ConfirmPlan.load(SweepFolder(self.folder)), RefitPlan.load(SweepFolder(self.folder))
        found = [plan.mark(record) for record in self._confirm_reader.records()] if plan else []
        return [*found, *(refit.mark(record) for record in self._refit_reader.records())] if refit else found

    def status(self) -> Status:
        """The current state."""
        records, running = self.records(), is_running(self.folder)
        driver = last_driver(self.folder)
        live = set(driver.live) if driver and running else set()
        began = driver.started if driver and running else None
        result = read_result(self.folder) if SweepFolder(self.folder).result.exists() else None
        plan = ConfirmPlan.load(SweepFolder(self.folder))
        pending = result is not None and plan is not None and lacks(result, plan)
        over = result is not None and not pending and not running
        state = "finished" if over else self._state(driver, running=running)
        test = (result or {}).get("test", {})
        confirm, states = (None, {}) if plan is None else self._confirm(plan, result or {}, pending, running=running)
        spent, gpu_spent = self._reader.spent(), sum(self._reader.spent(GPU_SPENT))
        earlier = sum(spent if began is None else spent[:-1])
        summary = summarise(self.config, records, live, began, earlier, gpu_spent=gpu_spent)
        registered = (result or {}).get("best", {}).get("trial", len(records))
        if over and registered < len(records):  # the default may have been taken in place of the best trial
            summary = replace(summary, best=records[registered])
        return Status(
            config=self.config,
            state=state,
            reason=self._reason() if state == "failed" else "",
            summary=summary,
            ended_by=(result or {}).get("ended_by", ""),
            seconds=None if began is None else max(0.0, time.time() - began),
            unsent=over and not tells_all_sent(result or {}),
            test_score=test.get(self.config.goal.kind.score),
            test_interval=interval_in(test, self.config.goal.kind.score),
            began=min((record.started for record in records if record.started), default=None),
            finished=max((r.finished for r in records if r.finished), default=None) if over else None,
            report=report_state(SweepFolder(self.folder)),
            confirm=confirm,
            confirm_states=states,
        )

    def _confirm(
        self, plan: ConfirmPlan, result: Mapping[str, Any], pending: bool, *, running: bool
    ) -> tuple[Confirmation | None, Mapping[str, int]]:
        """What the trainings that confirm the winner have come to, and how many there are by state."""
        records = self._confirm_reader.records()
        live = {record.number for record in records if not record.ended} if running else set()
        config = replace(self.config, trials=len(plan.points), earlier=[], **NO_BUDGETS)
        states = summarise(config, records, live, None, confirms=True).counts
        if result.get("confirm") and not pending:
            return Confirmation.from_json(result["confirm"]), states
        if plan.finalists:  # none of them is the winner yet, or the default is, which is none of them
            return None, states
        return confirmations(plan, records)[plan.trials[0]], states

    def _state(self, driver: Driver | None, *, running: bool) -> str:
        if running:
            order = current_order(self.folder)
            return {Order.STOP: "stopping", Order.PAUSE: "pausing", None: "running"}[order]
        if SweepFolder(self.folder).error.exists():
            return "failed"
        return "paused" if driver and driver.ended else "crashed"

    def _reason(self) -> str:
        lines: list[str] = []
        with suppress(FileNotFoundError):  # it is being resumed right now
            lines = SweepFolder(self.folder).error.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "unknown"


def all_statuses(home: Path, readers: dict[str, SweepReader] | None = None) -> tuple[list[Status], list[str]]:
    """All sweeps of `home`, the oldest first; and a line for each one that cannot be read, with the reason.

    Somebody who looks repeatedly passes the same `readers` each time, so that no study is read twice.
    """
    readers = {} if readers is None else readers
    found: list[Status] = []
    damaged: list[str] = []
    for name in sweep_names(home):
        try:
            readers[name] = readers.get(name) or SweepReader(name, home)
            found.append(readers[name].status())
        except TunerError as error:
            damaged.append(f"{name}: {error}")
    return found, damaged
