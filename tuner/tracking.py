"""Writes a sweep to MLflow: a projection of the study, sent by one thread in batches, so that training never waits.

One experiment a pair, one parent run a sweep, one nested run a trial. Runs are found by their tags, never by an id that
was stored: a crash between the two would make an orphan.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

from tuner.config import SweepConfig
from tuner.search import TrialRecord

FLUSH_S = 0.5  # how long reports are gathered before they are sent
CLOSE_S = 30.0  # how long the end of a sweep waits for a server that does not answer
MOST_METRICS = 1000  # MLflow's limit for one request
SWEEP_TAG, TRIAL_TAG = "tuner.sweep", "tuner.trial"
STATUS = {"RUNNING": "KILLED", "COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
_RUN_STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "interrupted"}

for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class Tracker:
    """Is told what happens to trials, and sends it. See `policy.Listener`."""

    def __init__(self, uri: str, artifacts: str | None, config: SweepConfig, tags: Mapping[str, str]) -> None:
        """`artifacts` is the root of a new experiment's files; None leaves it to the server at `uri`."""
        self._client = MlflowClient(uri, uri)
        self._config = config
        self._runs: dict[int, str] = {}
        self._waiting: queue.SimpleQueue[tuple[int, _Change] | None] = queue.SimpleQueue()
        self._unsent: dict[int, _Change] = {}
        self._error: Exception | None = None
        self.experiment_id = self._experiment(artifacts)
        self.parent_id = self._parent(dict(tags))
        self._thread = threading.Thread(target=self._work, name="mlflow-writer", daemon=True)
        self._thread.start()

    def sync(self, records: Iterable[TrialRecord]) -> None:
        """After a crash: sends every trial whose run is missing or has no truthful end. What is there stays."""
        ended = {number for number, run in self._found().items() if run.info.status in ("FINISHED", "FAILED", "KILLED")}
        for record in records:
            if not (record.ended and record.number in ended):
                self.trial_started(record)
                for metrics in record.metrics.values():
                    self._put(record.number, _Change(metrics=_metrics(metrics)))
                if record.ended:
                    self.trial_ended(record)

    def trial_started(self, record: TrialRecord) -> None:
        """A worker has the trial, for the first time or again."""
        params = [Param(name, str(value)) for name, value in record.parameters.items()]
        self._put(record.number, _Change(params=params, started=record.started, status="RUNNING"))

    def trial_reported(self, number: int, metrics: Mapping[str, float]) -> None:
        """An epoch has ended."""
        self._put(number, _Change(metrics=_metrics(metrics)))

    def trial_ended(self, record: TrialRecord) -> None:
        """The trial is COMPLETE, PRUNED or FAIL; its run's end is written after everything else of it."""
        tags = [RunTag("tuner.state", _RUN_STATES[record.state])]
        if record.reason:
            tags.append(RunTag("tuner.reason", record.reason))
        self._put(record.number, _Change(tags=tags, status=STATUS[record.state], finished=record.finished))

    def interrupted(self, records: Iterable[TrialRecord]) -> None:
        """The sweep stops before its end: no run is left RUNNING."""
        for record in records:
            if not record.ended:
                self.trial_ended(record)

    def close(self) -> Exception | None:
        """Waits until all is sent. The error of the last attempt, if something could not be sent."""
        self._waiting.put(None)
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            return self._error or TimeoutError(f"the MLflow server did not answer for {CLOSE_S:.0f} s")
        return self._error if self._unsent else None

    def end(self, status: str) -> None:
        """Ends the sweep's own run: FINISHED, KILLED or FAILED."""
        self._client.set_terminated(self.parent_id, status)

    def _put(self, number: int, change: _Change) -> None:
        self._waiting.put((number, change))

    def _experiment(self, artifacts: str | None) -> str:
        name = self._config.pair
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                root = f"{artifacts}/{name}" if artifacts else None
                return str(self._client.create_experiment(name, artifact_location=root))
            except mlflow.exceptions.MlflowException:  # another sweep has just made it
                found = self._client.get_experiment_by_name(name)
                if found is None:
                    raise
        elif found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _parent(self, tags: dict[str, str]) -> str:
        found = [run for run in self._search() if TRIAL_TAG not in run.data.tags]
        if found:
            self._client.update_run(found[0].info.run_id, status="RUNNING")
            return str(found[0].info.run_id)
        run = self._client.create_run(
            self.experiment_id, tags={SWEEP_TAG: self._config.name, **tags}, run_name=self._config.name
        )
        return str(run.info.run_id)

    def _search(self) -> list[Run]:
        runs: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self.experiment_id], f"tags.`{SWEEP_TAG}` = '{self._config.name}'", page_token=token
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def _found(self) -> dict[int, Run]:
        return {int(run.data.tags[TRIAL_TAG]): run for run in self._search() if TRIAL_TAG in run.data.tags}

    def _work(self) -> None:
        """The thread: gathers changes for a moment, sends them, and keeps what could not be sent for the next time."""
        self._runs = {number: run.info.run_id for number, run in self._found().items()}
        closing = 0.0
        while not closing or (self._unsent and time.monotonic() < closing):
            closing = self._gather() or closing
            for number in list(self._unsent):
                try:
                    self._send(number, self._unsent[number])
                    del self._unsent[number]
                except Exception as error:
                    self._error = error
                    time.sleep(FLUSH_S)

    def _gather(self) -> float:
        """Waits for changes and merges them by trial. The time to give up, once `close` was called, else 0."""
        until = time.monotonic() + FLUSH_S
        timeout: float | None = None if not self._unsent else FLUSH_S
        while True:
            try:
                item = self._waiting.get(timeout=timeout)
            except queue.Empty:
                return 0.0
            if item is None:
                return time.monotonic() + CLOSE_S
            number, change = item
            self._unsent[number] = self._unsent.get(number, _Change()).then(change)
            timeout = max(0.0, until - time.monotonic())

    def _send(self, number: int, change: _Change) -> None:
        if number not in self._runs:
            self._runs[number] = self._create(number, change)
        run_id = self._runs[number]
        for start in range(0, max(1, len(change.metrics)), MOST_METRICS):
            metrics = change.metrics[start : start + MOST_METRICS]
            first = start == 0
            self._client.log_batch(
                run_id, metrics=metrics, params=change.params if first else (), tags=change.tags if first else ()
            )
        if change.status == "RUNNING":
            self._client.update_run(run_id, status="RUNNING")
        elif change.status:
            self._client.set_terminated(run_id, change.status, int((change.finished or time.time()) * 1000))

    def _create(self, number: int, change: _Change) -> str:
        tags = {"mlflow.parentRunId": self.parent_id, SWEEP_TAG: self._config.name, TRIAL_TAG: str(number)}
        started = int((change.started or time.time()) * 1000)
        run = self._client.create_run(self.experiment_id, started, tags, f"{self._config.name}-{number:04d}")
        return str(run.info.run_id)


class _Change:
    """What is to be written of one trial."""

    def __init__(
        self,
        *,
        metrics: list[Metric] | None = None,
        params: list[Param] | None = None,
        tags: list[RunTag] | None = None,
        started: float | None = None,
        finished: float | None = None,
        status: str = "",
    ) -> None:
        self.metrics = metrics or []
        self.params = params or []
        self.tags = tags or []
        self.started = started
        self.finished = finished
        self.status = status

    def then(self, later: _Change) -> _Change:
        """This change and a later one as one."""
        return _Change(
            metrics=self.metrics + later.metrics,
            params=later.params or self.params,
            tags=self.tags + later.tags,
            started=self.started or later.started,
            finished=later.finished or self.finished,
            status=later.status or self.status,
        )


def _metrics(values: Mapping[str, Any]) -> list[Metric]:
    """MLflow metrics with the epoch as step and the stored time, so that sending them again changes nothing."""
    timestamp, step = int(values["time"] * 1000), int(values["epoch"])
    return [Metric(k, float(v), timestamp, step) for k, v in values.items() if k not in ("time", "epoch")]
