"""What a sweep has in its study and in MLflow, against what it must have: the trials that were asked for, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run
from support import read_runs

from tuner.records import FILE as JOURNAL
from tuner.records import TrialRecord, best_of, read_records
from tuner.tracking import SWEEP_TAG, TRIAL_TAG
from tuner.trial_run import RUN_STATUS

NO_METRICS = ("time", "epoch")


@dataclass
class Inventory:
    """How much is there, how much is not, and what else is wrong."""

    trials: int = 0
    epochs: int = 0
    metrics: int = 0
    """Values in MLflow that the study has too."""
    lost_trials: int = 0
    lost_epochs: int = 0
    """Epochs that the study lacks before a trial's last one, and those of trials that are lost."""
    lost_metrics: int = 0
    """Values in the study that MLflow lacks."""
    wrong: list[str] = field(default_factory=list)
    """All that is not as it must be, a line each; so it is empty when nothing is lost."""

    def __add__(self, other: Inventory) -> Inventory:
        """That of several sweeps together."""
        return Inventory(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    @property
    def lost(self) -> tuple[int, int, int]:
        """Trials, epochs, and metrics."""
        return self.lost_trials, self.lost_epochs, self.lost_metrics


def inventory(home: Path, name: str, trials: int, *, pair: str = "digits-cnn", uri: str | None = None) -> Inventory:
    """That of a sweep of so many trials that has come to its end; by default MLflow is the one embedded in `home`."""
    found, records = Inventory(), read_records(home / name / JOURNAL)
    _count_trials(found, records, trials)
    uri = uri or f"sqlite:///{home}/mlflow.db"
    client, runs = MlflowClient(uri), [run for run in read_runs(uri, pair) if run.data.tags[SWEEP_TAG] == name]
    by_trial = _by_trial(found, runs)
    for record in records:
        if record.number not in by_trial:
            found.lost_metrics += _values(record)
            found.wrong.append(f"trial {record.number} has no run")
        else:
            _compare(found, client, record, by_trial[record.number])
    _check_best(found, best_of(records), runs, client)
    return found


def lost_between(before: list[TrialRecord], after: list[TrialRecord]) -> list[str]:
    """What the study knew and does not know any more, and trials that had ended and went on; a line each."""
    now, lost = {record.number: record for record in after}, []
    for record in before:
        found = now.get(record.number)
        if found is None or not record.metrics.items() <= found.metrics.items():
            lost.append(f"trial {record.number} has lost epochs")
        elif record.ended and (found.state, found.values) != (record.state, record.values):
            lost.append(f"trial {record.number} was {record.state} and went on")
    return lost


def _count_trials(found: Inventory, records: list[TrialRecord], trials: int) -> None:
    found.trials, found.lost_trials = len(records), trials - len(records)
    if [record.number for record in records] != list(range(trials)):
        found.wrong.append(f"it has the trials {[record.number for record in records]}, of {trials}")
    for record in records:
        lacking = set(range(1, record.epoch + 1)) - set(record.values)
        found.epochs += len(record.values)
        found.lost_epochs += len(lacking)
        if lacking:
            found.wrong.append(f"trial {record.number} lacks the epochs {sorted(lacking)} of {record.epoch}")
        if not record.ended:
            found.wrong.append(f"trial {record.number} has not ended")


def _by_trial(found: Inventory, runs: Iterable[Run]) -> dict[int, Run]:
    by_trial: dict[int, Run] = {}
    for run in runs:
        if run.info.status == "RUNNING":
            found.wrong.append(f"the run {run.info.run_name} is left RUNNING")
        if TRIAL_TAG in run.data.tags:
            number = int(run.data.tags[TRIAL_TAG])
            if number in by_trial:
                found.wrong.append(f"trial {number} has two runs")
            by_trial[number] = run
    return by_trial


def _values(record: TrialRecord) -> int:
    return sum(name not in NO_METRICS for values in record.metrics.values() for name in values)


def _compare(found: Inventory, client: MlflowClient, record: TrialRecord, run: Run) -> None:
    """The values of a trial, each of which has a step and a time."""
    if record.ended and run.info.status != RUN_STATUS[record.state]:
        found.wrong.append(f"trial {record.number} is {record.state}, and its run is {run.info.status}")
    there = [
        (name, point.step, point.timestamp, point.value)
        for name in run.data.metrics
        for point in client.get_metric_history(run.info.run_id, name)
    ]
    wanted = {
        (name, epoch, int(values["time"] * 1000), float(value))
        for epoch, values in record.metrics.items()
        for name, value in values.items()
        if name not in NO_METRICS
    }
    found.metrics += len(wanted & set(there))
    lost = len(wanted - set(there))
    found.lost_metrics += lost
    if lost or len(there) != len(wanted):
        found.wrong.append(f"trial {record.number} has {len(there)} values in MLflow, {lost} of {len(wanted)} lack")


def _check_best(found: Inventory, best: TrialRecord | None, runs: list[Run], client: MlflowClient) -> None:
    """The best trial of the study is the one that was tested, and is registered once."""
    parents = [run for run in runs if TRIAL_TAG not in run.data.tags]
    if len(parents) != 1:
        found.wrong.append(f"the sweep itself has {len(parents)} runs")
        return
    tested = parents[0].data.tags.get("tuner.best_trial")
    if best is not None and tested != str(best.number):
        found.wrong.append(f"trial {tested} was tested, and trial {best.number} is the best")
    versions = client.search_model_versions(f"run_id = '{parents[0].info.run_id}'")
    if len(versions) != (best is not None):
        found.wrong.append(f"{len(versions)} models are registered")
