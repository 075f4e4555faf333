"""The state of a sweep, as it is shown and as it is told to scripts and between machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tuner.core import own_code
from tuner.core.budgets import BudgetState
from tuner.core.config import SweepConfig
from tuner.core.confirmation import Confirmation
from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.core.scores import Interval
from tuner.core.summary import Summary

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
    test_score: float | None = None
    """Of a finished sweep's model: the accuracy, or R2."""
    test_interval: Interval | None = None
    """Of that score; None if the sweep's version of tuner did not measure it."""
    began: float | None = None
    """When its first trial began, in seconds since 1970; None before."""
    finished: float | None = None
    """When a finished sweep's last trial ended, in seconds since 1970."""
    report: str = ""
    """That its report is being drawn, or what is wrong with it; empty otherwise."""
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
            "dataset": own_code.place_of(config.dataset),
            "model": config.model_name,
            "state": self.state,
            "reason": self.reason,
            "unsent": self.unsent,
            "trials": dict(summary.counts),
            "epochs": summary.epochs,
            "epochs_expected": summary.expected,
            "best": shown_trial(summary.best, summary.best.best_epoch) if summary.best else None,
            "live": [shown_trial(record, record.epoch) for record in summary.live],
            "resources": {name: getattr(config, name) for name in ("concurrency", "cpus_per_trial", "gpus_per_trial")},
            "seconds": self.seconds,
            "seconds_left": summary.left,
            "budgets": {each.name: each.to_json() for each in summary.budgets},
            "ended_by": self.ended_by or None,
            f"test_{config.goal.kind.score}": self.test_score,
            f"test_{config.goal.kind.score}_interval": self.test_interval,
            "confirm": self.confirm.to_json() if self.confirm else None,
            "confirm_trainings": dict(self.confirm_states),
            "began": self.began,
            "finished": self.finished,
            "report": self.report,
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
            test_score=raw.get(f"test_{config.goal.kind.score}"),  # a head with another version does not tell it
            test_interval=interval_in(raw, f"test_{config.goal.kind.score}"),
            began=raw.get("began"),
            finished=raw.get("finished"),
            report=raw.get("report", ""),
            confirm=Confirmation.from_json(raw["confirm"]) if raw.get("confirm") else None,
            confirm_states=raw.get("confirm_trainings", {}),
        )


def interval_in(raw: Mapping[str, Any], score: str) -> Interval | None:
    """The interval of a score, where it is known: sweeps of earlier versions have none."""
    found = raw.get(f"{score}_interval")
    return None if found is None else Interval(*found)


def shown_trial(record: TrialRecord, epoch: int) -> dict[str, Any]:
    """A trial at an epoch; no score before the first."""
    outcome, parameters = record.outcome(epoch), record.parameters
    scores = {metric.name: outcome[metric.name] for metric in record.goal.metrics if metric.name in outcome}
    known = {record.goal.score: outcome.get(record.goal.score), "scores": scores}
    return {"trial": record.number, "epoch": epoch, **known, "parameters": parameters}


def _record(shown: dict[str, Any], goal: Goal) -> TrialRecord:
    """The part of the trial that was shown."""
    epoch = shown["epoch"]
    scores = shown.get("scores", {})  # a head with an earlier version of tuner tells the accuracy alone
    metrics = {"val_loss": 0.0, goal.score: shown[goal.score], **scores}
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
