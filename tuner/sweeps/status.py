"""Where sweeps stand, told from their folders: whichever process runs them, or none."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.outcome import is_sent, read_result
from tuner.core.records import SCORE, Summary, TrialRecord
from tuner.core.sweep_folder import ERROR_FILE, JOURNAL_FILE, RESULT_FILE, known_sweep, sweep_names
from tuner.search.study_reader import StudyReader
from tuner.sweeps import control
from tuner.sweeps.lock import Driver, is_running, last_driver


@dataclass(frozen=True, kw_only=True)
class Status:
    """A sweep at a moment."""

    config: SweepConfig
    state: str
    """running, stopping, pausing, finished, paused, failed or crashed."""
    reason: str
    """Why it failed; empty otherwise."""
    summary: Summary
    seconds: float | None
    """Since the process that runs it began; None when none does."""
    unsent: bool = False
    """Whether it is finished, and MLflow lacks a part of it, such as the model."""
    test_accuracy: float | None = None
    """Of a finished sweep's model, 0 to 1."""
    finished: float | None = None
    """When a finished sweep's last trial ended, in seconds since 1970."""

    @property
    def running(self) -> bool:
        """Whether a process works on it."""
        return self.state in ("running", "stopping", "pausing")

    @property
    def resources(self) -> str:
        """What its trials take: `2 x 1 CPU`."""
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
            "test_accuracy": self.test_accuracy,
            "finished": self.finished,
            "config": asdict(config),
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Status:
        """What `to_json` has told, from another machine."""
        summary = Summary(
            counts=raw["trials"],
            epochs=raw["epochs"],
            expected=raw["epochs_expected"],
            best=_record(raw["best"]) if raw["best"] else None,
            live=tuple(map(_record, raw["live"])),
            left=raw["seconds_left"],
        )
        config = SweepConfig(**raw["config"])
        return cls(
            config=config,
            state=raw["state"],
            reason=raw["reason"],
            summary=summary,
            seconds=raw["seconds"],
            unsent=raw["unsent"],
            test_accuracy=raw.get("test_accuracy"),  # a head with another version of tuner does not tell it
            finished=raw.get("finished"),
        )


class SweepReader:
    """A sweep that is looked at again and again."""

    def __init__(self, name: str, home: Path) -> None:
        """Raises TunerError when there is no such sweep."""
        self.config = known_sweep(name, home)
        self.folder = home / name
        self._reader = StudyReader(self.folder / JOURNAL_FILE)

    def records(self) -> list[TrialRecord]:
        """The sweep's trials."""
        return self._reader.records()

    def status(self) -> Status:
        """Where it stands now."""
        records, running = self.records(), is_running(self.folder)
        driver = last_driver(self.folder)
        live = set(driver.live) if driver and running else set()
        began = driver.started if driver and running else None
        state = self._state(driver, running=running)
        over = state == "finished"
        return Status(
            config=self.config,
            state=state,
            reason=self._reason() if state == "failed" else "",
            summary=Summary.of(self.config, records, live, began, sum(self._reader.spent()[:-1])),
            seconds=None if began is None else max(0.0, time.time() - began),
            unsent=over and not is_sent(self.folder),
            test_accuracy=read_result(self.folder).get("test", {}).get("accuracy") if over else None,
            finished=max((r.finished for r in records if r.finished), default=None) if over else None,
        )

    def _state(self, driver: Driver | None, *, running: bool) -> str:
        if running:
            order = control.current_order(self.folder)
            return {control.Order.STOP: "stopping", control.Order.PAUSE: "pausing", None: "running"}[order]
        if (self.folder / RESULT_FILE).exists():
            return "finished"
        if (self.folder / ERROR_FILE).exists():
            return "failed"
        return "paused" if driver and driver.ended else "crashed"

    def _reason(self) -> str:
        lines: list[str] = []
        with suppress(FileNotFoundError):  # it goes on just now
            lines = (self.folder / ERROR_FILE).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "unknown"


def _shown(record: TrialRecord, epoch: int) -> dict[str, Any]:
    """A trial at an epoch; no score before the first."""
    score = record.values.get(epoch)
    return {"trial": record.number, "epoch": epoch, SCORE: score, "parameters": record.parameters}


def _record(shown: dict[str, Any]) -> TrialRecord:
    """As much of the trial as was shown."""
    epoch, score = shown["epoch"], shown[SCORE]
    return TrialRecord(
        number=shown["trial"],
        state="RUNNING",
        parameters=shown["parameters"],
        values={} if score is None else {epoch: score},
        metrics={} if score is None else {epoch: {"val_loss": 0.0}},
        reason="",
        started=0.0,
        finished=None,
    )


def all_statuses(home: Path, watches: dict[str, SweepReader] | None = None) -> tuple[list[Status], list[str]]:
    """All sweeps of `home`, the oldest first; and why some cannot be told of, a line each.

    Somebody who looks again and again passes the same `watches` each time, so that no study is read twice.
    """
    watches = {} if watches is None else watches
    found: list[Status] = []
    damaged: list[str] = []
    for name in sweep_names(home):
        try:
            watches[name] = watches.get(name) or SweepReader(name, home)
            found.append(watches[name].status())
        except TunerError as error:
            damaged.append(f"{name}: {error}")
    return found, damaged
