"""Writes a sweep's runs to MLflow: one experiment a pair, one run a sweep, one nested run a trial.

Runs are found by their tags, never by an id that was stored: a crash between the two would make an orphan. Everything
can be written again without a change: a metric has its epoch as step and the time of its report.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from tuner.config import SweepConfig
from tuner.store import Store, describe
from tuner.tracker import ENDS, Change

MOST_METRICS = 1000  # MLflow's limit for one request
UID_TAG, SWEEP_TAG, TRIAL_TAG = "tuner.uid", "tuner.sweep", "tuner.trial"

_KIND = {"mlflow.experimentKind": "custom_model_development"}  # MLflow's UI shows runs and charts first

for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class MlflowSweep:
    """A sweep's run and those of its trials. Made for a new sweep, found again for one that goes on."""

    def __init__(self, store: Store, config: SweepConfig) -> None:
        self._client = MlflowClient(store.uri, store.uri)
        self._name = config.name
        self._tags = {UID_TAG: config.uid, SWEEP_TAG: config.name}
        self.experiment_id = self._experiment(config.pair, store.artifacts)
        self.run_id = self._parent(describe(config))
        trials = [run for run in self._search() if TRIAL_TAG in run.data.tags]
        self._ids = {int(run.data.tags[TRIAL_TAG]): str(run.info.run_id) for run in trials}

    def write(self, number: int, change: Change) -> None:
        """Writes a trial's change: parameters, tags and metrics first, its end last."""
        if number not in self._ids:
            self._ids[number] = self._create(number, change)
        run_id = self._ids[number]
        metrics = [metric for values in change.metrics for metric in _metrics(values)]
        params = [Param(name, str(value)) for name, value in change.parameters.items()]
        tags = [RunTag(name, value) for name, value in change.tags.items()]
        self._client.log_batch(run_id, metrics[:MOST_METRICS], params, tags)
        for start in range(MOST_METRICS, len(metrics), MOST_METRICS):
            self._client.log_batch(run_id, metrics[start : start + MOST_METRICS])
        if change.status in ENDS:
            finished = change.finished or time.time()
            self._client.set_terminated(run_id, change.status, int(finished * 1000))
        elif change.status:
            self._client.update_run(run_id, status=change.status)

    def end(self, status: str) -> None:
        """Ends the sweep's own run: FINISHED, KILLED or FAILED."""
        self._client.set_terminated(self.run_id, status)

    def _experiment(self, name: str, artifacts: str | None) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                root = f"{artifacts}/{name}" if artifacts else None
                return str(self._client.create_experiment(name, artifact_location=root, tags=_KIND))
            except MlflowException:  # another sweep may just have made it
                found = self._client.get_experiment_by_name(name)
                if found is None:
                    raise
        elif found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _parent(self, tags: Mapping[str, str]) -> str:
        found = [run for run in self._search() if TRIAL_TAG not in run.data.tags]
        if found:
            run_id = str(found[0].info.run_id)
            self._client.update_run(run_id, status="RUNNING")
            return run_id
        run = self._client.create_run(self.experiment_id, tags={**self._tags, **tags}, run_name=self._name)
        return str(run.info.run_id)

    def _search(self) -> list[Run]:
        runs: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self.experiment_id], f"tags.`{UID_TAG}` = '{self._tags[UID_TAG]}'", page_token=token
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def _create(self, number: int, change: Change) -> str:
        tags = {"mlflow.parentRunId": self.run_id, TRIAL_TAG: str(number), **self._tags}
        started = int((change.started or time.time()) * 1000)
        run = self._client.create_run(self.experiment_id, started, tags, f"{self._name}-{number:04d}")
        return str(run.info.run_id)


def _metrics(values: Mapping[str, float]) -> list[Metric]:
    timestamp, step = int(values["time"] * 1000), int(values["epoch"])
    return [Metric(k, float(v), timestamp, step) for k, v in values.items() if k not in ("time", "epoch")]
