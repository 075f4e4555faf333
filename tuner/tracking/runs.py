"""Writes a sweep's runs to MLflow: one experiment a pair, one run a sweep, one nested run a trial.

Runs are found by their tags, never by a stored id: a crash between creating a run and storing its id would leave an
orphan. Everything can be written again without a change: a metric has its epoch as step and the time of its report. A
request that fails may have been carried out all the same, so MLflow is asked what it has before anything is written
again.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from mlflow.entities import Metric, Param, Run, RunTag

from tuner.core.config import SweepConfig
from tuner.core.objective import BEFORE
from tuner.core.records import TrialKey, TrialRecord
from tuner.tracking.client import HeardClient
from tuner.tracking.experiment import find_experiment
from tuner.tracking.retry import ignore_refusal
from tuner.tracking.run_names import main_parameters, trial_name
from tuner.tracking.run_status import (
    CONFIRM_TAG,
    ENDED_TAG,
    PARENT_TAG,
    REFIT_TAG,
    SWEEP_TAG,
    TAGS,
    TRIAL_TAG,
    UID_TAG,
    TrialEnd,
    TrialRun,
    key_of,
)
from tuner.tracking.run_tags import grown_tags, tags_of
from tuner.tracking.store import Store

MOST_METRICS = 900  # in one request: MLflow's limit is 1000, with parameters and tags


class MlflowSweep:
    """A sweep's run and those of its trials. Created for a new sweep, found again for a resumed one."""

    def __init__(
        self,
        store: Store,
        config: SweepConfig,
        started: float | None = None,
        *,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """`started` is when the sweep began in seconds since 1970, by default now; `heard` is called at each answer."""
        self._client = HeardClient(store.uri, heard)
        self._name, self._main = config.name, main_parameters(config)
        self._tags = {UID_TAG: config.uid, SWEEP_TAG: config.name}
        self.experiment_id = find_experiment(self._client, config.pair, store.artifacts)
        self.written: dict[TrialKey, set[int]] = {}
        """The epochs that were missing in MLflow, by the key of each trial that was incomplete."""
        self._trials: dict[TrialKey, TrialRun] = {}
        self._unsure: set[TrialKey] = set()
        """Trials of which a request has failed."""
        self.run_id = ""
        parent = self._look()
        if parent is None:
            tags, begin = {**self._tags, **tags_of(config)}, int((started or time.time()) * 1000)
            parent = self._client.create_run(self.experiment_id, begin, tags, self._name)
        for name, value in grown_tags(config, parent.data.tags).items():
            self._client.set_tag(parent.info.run_id, name, value)
        self.run_id, self.status = str(parent.info.run_id), str(parent.info.status)
        self._began = int(parent.info.start_time)

    def trial_runs(self) -> list[Run]:
        """The runs of the search's trials, without those that confirm one."""
        return [run for run in self._search() if run.data.tags.get(TRIAL_TAG, "").isdecimal()]

    def begin(self) -> None:
        """The sweep starts or resumes."""
        if self.status != "RUNNING":
            self._client.update_run(self.run_id, status="RUNNING")
            self.status = "RUNNING"

    def send(self, record: TrialRecord, *, stopped: bool = False) -> None:
        """Writes what is missing in the trial's run: parameters, epochs and tags first, its end last.

        A trial that has not ended is RUNNING, or interrupted when the sweep has `stopped`.
        """
        try:
            self._send(record, TrialEnd.of(record, stopped=stopped))
        except Exception:
            self._trials.pop(record.key, None)
            self._unsure.add(record.key)
            raise

    def note_end(self, ended_by: str) -> None:
        """Writes what ended the search, if that is known."""
        if ended_by:
            self._client.set_tag(self.run_id, ENDED_TAG, ended_by)

    def end(self, status: str, finished: float | None = None) -> None:
        """Ends the sweep's own run: FINISHED, KILLED or FAILED. `finished` is in seconds since 1970, by default now."""
        found = self._look()  # a run exists twice if the answer to its creation came too late
        if found is None or found.info.status != status:
            ended = max(self._began, int((finished or time.time()) * 1000))  # the clock may have gone back
            self._client.set_terminated(self.run_id, status, ended)
        self.status = status

    def _send(self, record: TrialRecord, end: TrialEnd) -> None:
        run = self._run(record)
        if end.over and run.end == end:
            return
        if run.epochs is None:
            history = self._client.get_metric_history(run.id, record.goal.watched.name)
            run.epochs = {metric.step for metric in history}
        epochs = [epoch for epoch in sorted(record.metrics) if epoch not in run.epochs]
        params = [
            Param(name, str(value)) for name, value in record.parameters_in(1).items() if name not in run.parameters
        ]
        tags = [RunTag(name, value) for name, value in end.tags.items() if run.tags.get(name) != value]
        if end.over or run.status != end.status or epochs or params or tags:
            self.written[record.key] = self.written.get(record.key, set()) | set(epochs)
        known = [metrics_of(record, epoch) for epoch in epochs]
        if record.measured and not run.measured:
            known.insert(0, {"time": record.started, "epoch": 0, **record.measured})
        for first, batch, last in _batches(known):
            if batch or params or tags:
                self._client.log_batch(run.id, batch, params if first else (), tags if last else ())
        if end.over:
            self._client.set_terminated(run.id, end.status, end.finished)
        elif run.status != end.status:
            self._client.update_run(run.id, status=end.status)
        run.note(record, end)

    def _run(self, record: TrialRecord) -> TrialRun:
        """The trial's run, found or made."""
        key = record.key
        if key in self._unsure:
            self._keep_one(key, self._search(f" and tags.`{TRIAL_TAG}` = '{key}'"))
            self._unsure.discard(key)
        if key not in self._trials:
            tags = {PARENT_TAG: self.run_id, TRIAL_TAG: str(key), **self._tags}
            tags |= {} if record.confirms is None else {CONFIRM_TAG: str(record.confirms)}
            tags |= {} if record.refits is None else {REFIT_TAG: str(record.refits)}
            begin = int((record.started or time.time()) * 1000)
            name = trial_name(self._name, record, self._main)
            made = self._client.create_run(self.experiment_id, begin, tags, name)
            self._trials[key] = TrialRun(id=str(made.info.run_id))
        return self._trials[key]

    def _look(self) -> Run | None:
        """Finds the sweep's run and those of its trials, each of them once."""
        parents, trials = [], defaultdict(list)
        for run in self._search():
            if TRIAL_TAG in run.data.tags:
                trials[key_of(run.data.tags[TRIAL_TAG])].append(run)
            else:
                parents.append(run)
        for key, runs in trials.items():
            self._keep_one(key, runs)
        children = Counter(run.data.tags.get(PARENT_TAG) for runs in trials.values() for run in runs)
        parents.sort(key=lambda run: (run.info.run_id != self.run_id, -children[run.info.run_id], run.info.run_id))
        self._delete(parents[1:])
        return parents[0] if parents else None

    def _keep_one(self, key: TrialKey, runs: list[Run]) -> None:
        known = self._trials[key].id if key in self._trials else None
        runs.sort(key=lambda run: (run.info.run_id != known, -len(run.data.metrics), run.info.run_id))
        self._delete(runs[1:])
        if runs and key not in self._trials:
            self._trials[key] = _found(runs[0])

    def _delete(self, doubles: Sequence[Run]) -> None:
        """Deletes duplicates: a request to create a run was processed though its answer was lost, and then repeated."""
        for run in doubles:
            with ignore_refusal():  # some users may write but not delete
                self._client.delete_run(run.info.run_id)

    def _search(self, more: str = "") -> list[Run]:
        runs: list[Run] = []
        token = None
        while True:
            mine = f"tags.`{UID_TAG}` = '{self._tags[UID_TAG]}'{more}"
            page = self._client.search_runs([self.experiment_id], mine, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs


def metrics_of(record: TrialRecord, epoch: int) -> Mapping[str, float]:
    """An epoch's metrics. After a trial has taken over from another one, also its numbers of that epoch: `param_lr`."""
    changed = record.parameters_in(epoch) if any(each.epoch < epoch for each in record.exploits) else {}
    numbers = {f"param_{name}": float(value) for name, value in changed.items() if type(value) in (int, float)}
    return {**record.metrics[epoch], **numbers}


def _batches(epochs: Sequence[Mapping[str, float]]) -> Iterator[tuple[bool, list[Metric], bool]]:
    """The metrics of whole epochs, as many as a request may hold, each with whether it is the first and the last."""
    size = MOST_METRICS // max((len(values) for values in epochs), default=1)
    starts = range(0, max(1, len(epochs)), size)
    for start in starts:
        batch = [metric for values in epochs[start : start + size] for metric in _metrics(values)]
        yield start == starts[0], batch, start == starts[-1]


def _metrics(values: Mapping[str, float]) -> list[Metric]:
    timestamp, step = int(values["time"] * 1000), int(values["epoch"])
    return [Metric(k, float(v), timestamp, step) for k, v in values.items() if k not in ("time", "epoch")]


def _found(run: Run) -> TrialRun:
    tags = {name: run.data.tags[name] for name in TAGS if name in run.data.tags}
    info, parameters = run.info, set(run.data.params)
    return TrialRun(
        id=str(info.run_id),
        status=str(info.status),
        finished=info.end_time,
        tags=tags,
        parameters=parameters,
        epochs=None,
        measured=bool(set(BEFORE) & set(run.data.metrics)),
    )
