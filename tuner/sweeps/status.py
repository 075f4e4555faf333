"""The state of sweeps, read from their folders, whether or not a process runs them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tuner.core.budgets import NO_BUDGETS, BudgetState
from tuner.core.config import SweepConfig
from tuner.core.confirmation import Confirmation, ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.objective import SCORE, Goal
from tuner.core.outcome import read_result, tells_all_sent
from tuner.core.records import TrialRecord
from tuner.core.refit import RefitPlan
from tuner.core.scores import Interval
from tuner.core.summary import Summary
from tuner.core.sweep_folder import SweepFolder, known_sweep, sweep_names
from tuner.search.study_reader import GPU_SPENT, StudyReader
from tuner.search.summary import summarise
from tuner.sweeps.confirmation import confirmations, lacks
from tuner.sweeps.lock import Driver, Order, current_order, is_running, last_driver

POLL_S = 0.5  # between two looks at a sweep that runs
_RENAMED = {"left": "queued"}  # states in the status of a head with an earlier version of tuner


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of a sweep at one moment."""

    config: SweepConfig
    state: str
    """running, stopping, pausing, finished, paused, failed or crashed."""
    reason: str
    """Why it failed; empty otherwise."""
    summary: Summary
    seconds: float | None
    """Seconds since the process that runs it started; None if none does."""
    ended_by: str = ""
    """What ended the search of a finished sweep: see `Outcome.ended_by`."""
    unsent: bool = False
    """Whether it is finished, but not completely in MLflow; for example the model may be missing there."""
    test_accuracy: float | None = None
    """Of a finished sweep's model, 0 to 1."""
    test_interval: Interval | None = None
    """Of the test accuracy; None if the sweep's version of tuner did not measure it."""
    finished: float | None = None
    """When a finished sweep's last trial ended, in seconds since 1970."""
    confirm: Confirmation | None = None
    """What the trainings that confirm the winner have come to so far; None when there are none."""
    confirm_states: Mapping[str, int] = field(default_factory=dict)
    """These trainings by their state: done, running, waiting, failed, queued."""

    @property
    def running(self) -> bool:
        """Whether a process works on it."""
        return self.state in ("running", "stopping", "pausing")

    @property
    def trials(self) -> int:
        """How many have begun."""
        counts = self.summary.counts
        return sum(counts.values()) - counts.get("queued", 0)

    @property
    def resources(self) -> str:
        """What its trials use: `2 x 1 CPU`."""
        config = self.config
        gpus = f", {config.gpus_per_trial:g} GPU" if config.gpus_per_trial else ""
        return f"{config.concurrency} x {config.cpus_per_trial} CPU{gpus}"

    def to_json(self) -> dict[str, Any]:
        """For scripts: names and numbers only."""
        summary, config = self.summary, self.config
        return {
            "sweep": config.name,
            "dataset": config.dataset,
            "model": config.model,
            "state": self.state,
            "reason": self.reason,
            "unsent": self.unsent,
            "trials": dict(summary.counts),
            "epochs": summary.epochs,
            "epochs_expected": summary.expected,
            "best": _shown(summary.best, summary.best.best_epoch) if summary.best else None,
            "live": [_shown(record, record.epoch) for record in summary.live],
            "resources": {name: getattr(config, name) for name in ("concurrency", "cpus_per_trial", "gpus_per_trial")},
            "seconds": self.seconds,
            "seconds_left": summary.left,
            "budgets": {each.name: each.to_json() for each in summary.budgets},
            "ended_by": self.ended_by or None,
            "test_accuracy": self.test_accuracy,
            "test_accuracy_interval": self.test_interval,
            "confirm": self.confirm.to_json() if self.confirm else None,
            "confirm_trainings": dict(self.confirm_states),
            "finished": self.finished,
            "config": asdict(config),
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Status:
        """The reverse of `to_json`, for a status from another machine."""
        config = SweepConfig(**raw["config"])
        summary = Summary(
            counts={_RENAMED.get(state, state): count for state, count in raw["trials"].items()},
            epochs=raw["epochs"],
            expected=raw["epochs_expected"],
            best=_record(raw["best"], config.goal) if raw["best"] else None,
            live=tuple(_record(each, config.goal) for each in raw["live"]),
            left=raw["seconds_left"],
            budgets=tuple(BudgetState.from_json(name, each) for name, each in raw.get("budgets", {}).items()),
        )
        return cls(
            config=config,
            state=raw["state"],
            reason=raw["reason"],
            summary=summary,
            seconds=raw["seconds"],
            unsent=raw["unsent"],
            ended_by=raw.get("ended_by") or "",
            test_accuracy=raw.get("test_accuracy"),  # a head with another version of tuner does not tell it
            test_interval=_interval(raw),
            finished=raw.get("finished"),
            confirm=Confirmation.from_json(raw["confirm"]) if raw.get("confirm") else None,
            confirm_states=raw.get("confirm_trainings", {}),
        )


class SweepReader:
    """Reads the state of a sweep repeatedly."""

    def __init__(self, name: str, home: Path) -> None:
        """Raises TunerError when there is no such sweep."""
        self.config = known_sweep(name, home)
        self.folder = home / name
        self._reader = StudyReader(SweepFolder(self.folder).journal)
        self._confirm_reader = StudyReader(SweepFolder(self.folder).confirmation.journal)
        self._refit_reader = StudyReader(SweepFolder(self.folder).refit.journal)

    def records(self) -> list[TrialRecord]:
        """The sweep's trials."""
        return self._reader.records()

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
            test_accuracy=test.get("accuracy"),
            test_interval=_interval({f"test_{name}": value for name, value in test.items()}),
            finished=max((r.finished for r in records if r.finished), default=None) if over else None,
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


def _interval(raw: dict[str, Any]) -> Interval | None:
    found = raw.get("test_accuracy_interval")
    return None if found is None else Interval(*found)


def _shown(record: TrialRecord, epoch: int) -> dict[str, Any]:
    """A trial at an epoch; no score before the first."""
    outcome, parameters = record.outcome(epoch), record.parameters
    scores = {metric.name: outcome[metric.name] for metric in record.goal.metrics if metric.name in outcome}
    known = {SCORE: outcome.get(SCORE), "scores": scores}
    return {"trial": record.number, "epoch": epoch, **known, "parameters": parameters}


def _record(shown: dict[str, Any], goal: Goal) -> TrialRecord:
    """The part of the trial that was shown."""
    epoch = shown["epoch"]
    scores = shown.get("scores", {})  # a head with an earlier version of tuner tells the accuracy alone
    metrics = {"val_loss": 0.0, SCORE: shown[SCORE], **scores}
    score = metrics.get(goal.watched.name)
    return TrialRecord(
        number=shown["trial"],
        state="RUNNING",
        parameters=shown["parameters"],
        values={} if score is None else {epoch: score},
        metrics={} if score is None else {epoch: metrics},
        measured={name: scores[name] for name in goal.before if name in scores},
        goal=goal,
        reason="",
        started=0.0,
        finished=None,
    )


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
