"""What a sweep has in its study and in MLflow, against what it must have: the trials that were asked for, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from tuner.core.config import SweepConfig
from tuner.core.records import DEFAULT_TRIAL, TrialRecord, best_of
from tuner.core.sweep_folder import SweepFolder
from tuner.search.study_reader import read_records
from tuner.tracking.run_status import TRIAL_TAG, UID_TAG

NO_METRICS = ("time", "epoch")
STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}  # of MLflow's, by the study's


@dataclass
class Inventory:
    """How much is there, how much is not, and what else is wrong."""

    trials: int = 0
    """That have ended in the study, and have one run of MLflow, which has ended like them."""
    epochs: int = 0
    metrics: int = 0
    """Values in MLflow that the study has too."""
    lost_trials: int = 0
    lost_epochs: int = 0
    """That the study lacks before a trial's last one, or has lost."""
    lost_metrics: int = 0
    """Values in the study that MLflow lacks."""
    wrong: list[str] = field(default_factory=list)
    """All that is not as it must be, a line each; so it is empty when nothing is lost."""

    def __add__(self, other: Inventory) -> Inventory:
        """That of several sweeps together."""
        return Inventory(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def of(self, name: str) -> Inventory:
        """The same, with the name of the sweep before what is wrong."""
        return replace(self, wrong=[f"{name}: {what}" for what in self.wrong])

    @property
    def lost(self) -> tuple[int, int, int]:
        """Trials, epochs, and metrics."""
        return self.lost_trials, self.lost_epochs, self.lost_metrics


def inventory(
    home: Path, name: str, trials: int, *, pair: str = "digits-cnn", uri: str | None = None, registered: bool = True
) -> Inventory:
    """That of a sweep of so many trials that has come to its end; by default MLflow is the one embedded in `home`."""
    found, records = Inventory(), read_records(SweepFolder(home / name).journal)
    uri = uri or f"sqlite:///{home}/mlflow.db"
    client, runs = MlflowClient(uri, uri), _runs(uri, pair, SweepConfig.load(home / name).uid)
    by_trial = _by_trial(found, runs)
    for record in records:
        _count_epochs(found, record)
        if record.number < trials:
            found.trials += _is_whole(found, record, by_trial.get(record.number, ()))
        for run in by_trial.get(record.number, ())[:1]:
            _compare(found, client, record, run)
        if record.number not in by_trial:
            found.lost_metrics += _values(record)
    found.lost_trials = trials - found.trials
    if [record.number for record in records] != list(range(trials)):
        found.wrong.append(f"it has the trials {[record.number for record in records]}, of {trials}")
    if registered:
        _check_best(found, best_of(records), runs, client)
    return found


def lost_between(before: list[TrialRecord], after: list[TrialRecord]) -> Inventory:
    """What the study knew and does not know any more, and trials that had ended and went on."""
    now, lost = {record.number: record for record in after}, Inventory()
    for record in before:
        found = now.get(record.number)
        kept = found.metrics.items() if found else ()
        lost.lost_trials += found is None
        lost.lost_epochs += sum(each not in kept for each in record.metrics.items())
        if found is None or not record.metrics.items() <= found.metrics.items():
            lost.wrong.append(f"trial {record.number} has lost epochs")
        elif record.ended and (found.state, found.values) != (record.state, record.values):
            lost.wrong.append(f"trial {record.number} was {record.state} and went on")
    return lost


def _runs(uri: str, pair: str, uid: str) -> list[Run]:
    client = MlflowClient(uri, uri)
    experiment = client.get_experiment_by_name(pair)
    return list(client.search_runs([experiment.experiment_id], f"tags.`{UID_TAG}` = '{uid}'")) if experiment else []


def _count_epochs(found: Inventory, record: TrialRecord) -> None:
    lacking = set(range(1, record.epoch + 1)) - set(record.values)
    found.epochs += len(record.values)
    found.lost_epochs += len(lacking)
    if lacking:
        found.wrong.append(f"trial {record.number} lacks the epochs {sorted(lacking)} of {record.epoch}")


def _is_whole(found: Inventory, record: TrialRecord, runs: Sequence[Run]) -> bool:
    """Whether it has ended, in the study and in one run."""
    wrong = []
    if not record.ended:
        wrong.append("has not ended")
    if len(runs) != 1:
        wrong.append(f"has {len(runs)} runs")
    if record.ended and any(run.info.status != STATUS[record.state] for run in runs):
        wrong.append(f"is {record.state}, and its run is {[run.info.status for run in runs]}")
    found.wrong += [f"trial {record.number} {what}" for what in wrong]
    return not wrong


def _by_trial(found: Inventory, runs: Sequence[Run]) -> dict[int, list[Run]]:
    by_trial: dict[int, list[Run]] = {}
    for run in runs:
        if run.info.status == "RUNNING":
            found.wrong.append(f"the run {run.info.run_name} is left RUNNING")
        if TRIAL_TAG in run.data.tags:
            by_trial.setdefault(int(run.data.tags[TRIAL_TAG]), []).append(run)
    own = len(runs) - sum(map(len, by_trial.values()))
    if own != 1:
        found.wrong.append(f"the sweep itself has {own} runs")
    return by_trial


def _values(record: TrialRecord) -> int:
    return sum(name not in NO_METRICS for values in record.metrics.values() for name in values)


def _compare(found: Inventory, client: MlflowClient, record: TrialRecord, run: Run) -> None:
    """The values of a trial, each of which has a step and a time."""
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
    """The best trial of the study, or the default in its place, is the one that was tested, and is registered once."""
    parents = [run for run in runs if TRIAL_TAG not in run.data.tags]
    if len(parents) != 1:
        return
    tested = parents[0].data.tags.get("tuner.best_trial")
    default = bool(parents[0].data.metrics.get("default_registered"))
    if best is not None and tested != str(DEFAULT_TRIAL if default else best.number):
        found.wrong.append(f"trial {tested} was tested, and trial {best.number} is the best")
    versions = client.search_model_versions(f"run_id = '{parents[0].info.run_id}'")
    if len(versions) != (best is not None):
        found.wrong.append(f"{len(versions)} models are registered")
