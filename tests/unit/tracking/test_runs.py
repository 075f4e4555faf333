"""What arrives in MLflow, written to a real store."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from support.common import make_config, make_record, read_runs
from support.made_up_search import Recorder

from tuner.core.exploit import Exploit
from tuner.core.records import TrialRecord
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store

CONFIG = make_config(space={})


@pytest.fixture
def store(tmp_path: Path, database: Path) -> Store:
    shutil.copyfile(database, tmp_path / "mlflow.db")
    return Store.of(tmp_path)


def record(number: int, state: str, epochs: int, reason: str = "") -> TrialRecord:
    metrics = {
        epoch: {"time": 1000.0 + epoch, "epoch": epoch, "val_accuracy": epoch / 10, "val_loss": 1.0}
        for epoch in range(1, epochs + 1)
    }
    return make_record(number, state, metrics, reason)


def send(store: Store, *records: TrialRecord) -> None:
    tracker = BackgroundTracker(lambda heard: MlflowSweep(store, CONFIG, heard=heard), records.__getitem__)
    tracker.start()
    tracker.catch_up(records)
    tracker.interrupted(records)
    assert tracker.close("FINISHED") == ""


def runs(store: Store) -> dict[str, Run]:
    return {run.info.run_name: run for run in read_runs(store.uri, "digits-cnn")}


def test_trials_are_nested_runs_that_end_truthfully(store: Store) -> None:
    send(
        store,
        record(0, "COMPLETE", 9),
        record(1, "PRUNED", 3, "stopped early after epoch 3: only the best third continue"),
        record(2, "FAIL", 1, "val_loss is nan in epoch 2"),
        record(3, "RUNNING", 2),
    )
    found = runs(store)
    parent = found.pop("demo")
    assert parent.info.status == "FINISHED"
    assert {"tuner.config", "tuner.versions", "tuner.machine"} <= set(parent.data.tags)
    statuses = {name: run.info.status for name, run in sorted(found.items())}
    assert statuses == {"demo-0000": "FINISHED", "demo-0001": "KILLED", "demo-0002": "FAILED", "demo-0003": "KILLED"}
    assert all(run.data.tags["mlflow.parentRunId"] == parent.info.run_id for run in found.values())
    assert found["demo-0002"].data.tags["tuner.reason"] == "val_loss is nan in epoch 2"
    assert found["demo-0001"].data.params == {"lr": "0.1", "optimizer": "sgd"}
    assert found["demo-0001"].info.end_time - found["demo-0001"].info.start_time == 3000


def test_a_sweep_does_not_end_before_it_began_though_the_clock_went_back(store: Store) -> None:
    MlflowSweep(store, CONFIG, started=time.time() + 86400).end("FINISHED")
    parent = runs(store)["demo"]
    assert parent.info.end_time == parent.info.start_time


def test_a_metric_has_one_point_an_epoch_however_often_it_is_sent(store: Store) -> None:
    """MLflowLoggerCallback makes new runs when a sweep goes on, and leaves the old ones RUNNING."""
    for _ in range(3):
        send(store, record(0, "COMPLETE", 9), record(1, "RUNNING", 3))
    found = runs(store)
    assert sorted(found) == ["demo", "demo-0000", "demo-0001"]
    history = MlflowClient(store.uri).get_metric_history(found["demo-0000"].info.run_id, "val_accuracy")
    assert [(point.step, point.value) for point in history] == [(n, n / 10) for n in range(1, 10)]
    assert [point.timestamp for point in history] == [1_000_000 + 1000 * n for n in range(1, 10)]


def test_more_metrics_than_one_request_may_hold(store: Store) -> None:
    send(store, record(0, "COMPLETE", 700))  # two metrics each
    run = runs(store)["demo-0000"]
    assert len(MlflowClient(store.uri).get_metric_history(run.info.run_id, "val_loss")) == 700


def test_values_that_change_in_training_are_metrics_from_then_on_and_those_of_the_beginning_parameters(
    store: Store,
) -> None:
    taken = Exploit(epoch=1, donor=7, before={"lr": 0.1, "optimizer": "sgd"}, after={"lr": 0.2, "optimizer": "adam"})
    changed = replace(record(0, "COMPLETE", 3), parameters=dict(taken.after), exploits=(taken,))
    send(store, replace(record(0, "RUNNING", 1)))
    send(store, changed)
    [run] = [run for run in runs(store).values() if "tuner.trial" in run.data.tags]
    assert run.data.params == {"lr": "0.1", "optimizer": "sgd"}
    history = MlflowClient(store.uri).get_metric_history(run.info.run_id, "param_lr")
    assert [(each.step, each.value) for each in history] == [(2, 0.2), (3, 0.2)]
    assert run.data.tags["tuner.exploits"] == (
        "after epoch 1 the weights of trial 7, lr 0.1 -> 0.2, optimizer sgd -> adam"
    )


def test_sweeps_of_one_name_on_one_server_are_kept_apart(store: Store) -> None:
    """Everybody's first sweep of a pair has the same name."""
    send(store, record(0, "COMPLETE", 2))
    records = [record(0, "COMPLETE", 3)]
    tracker = BackgroundTracker(lambda _: MlflowSweep(store, replace(CONFIG, uid="another")), records.__getitem__)
    tracker.start()
    tracker.catch_up(records)
    assert tracker.close() == ""
    found = read_runs(store.uri, "digits-cnn")
    assert sorted(run.info.run_name for run in found) == ["demo", "demo", "demo-0000", "demo-0000"]


def test_a_deleted_experiment_is_used_again(store: Store) -> None:
    send(store, record(0, "COMPLETE", 1))
    client = MlflowClient(store.uri)
    [experiment] = [e for e in client.search_experiments() if e.name == "digits-cnn"]
    client.delete_experiment(experiment.experiment_id)
    send(store, record(0, "COMPLETE", 2))
    assert MlflowClient(store.uri).get_experiment(experiment.experiment_id).lifecycle_stage == "active"


def test_an_interrupted_trial_that_goes_on_ends_with_all_its_epochs(store: Store) -> None:
    send(store, record(0, "RUNNING", 3))
    send(store, record(0, "RUNNING", 5))
    run = runs(store)["demo-0000"]
    assert (run.info.status, run.data.tags["tuner.state"]) == ("KILLED", "INTERRUPTED")
    assert run.info.end_time == 1_005_000
    send(store, record(0, "PRUNED", 6, "not promoted"))
    run = runs(store)["demo-0000"]
    assert (run.data.tags["tuner.state"], run.data.tags["tuner.reason"]) == ("PRUNED", "not promoted")
    assert len(MlflowClient(store.uri).get_metric_history(run.info.run_id, "val_accuracy")) == 6


def test_what_is_there_is_not_written_again(store: Store) -> None:
    records = [record(0, "COMPLETE", 3), record(1, "RUNNING", 2)]
    send(store, *records)
    sweep = MlflowSweep(store, CONFIG)
    for each in records:
        sweep.send(each, stopped=True)
    assert not sweep.written
    sweep.send(record(1, "RUNNING", 4), stopped=True)
    assert sweep.written == {1: {3, 4}}


def test_a_request_for_a_run_that_was_heard_twice_makes_one(store: Store) -> None:
    """The answer to the first was lost."""
    sweep = MlflowSweep(store, CONFIG)
    sweep.send(record(0, "RUNNING", 2))
    client = MlflowClient(store.uri)
    for run in (client.get_run(sweep.run_id), runs(store)["demo-0000"]):
        client.create_run(sweep.experiment_id, 1, dict(run.data.tags), run.info.run_name)
    assert len(read_runs(store.uri, "digits-cnn")) == 4
    sweep.end("KILLED")
    [parent, trial] = sorted(read_runs(store.uri, "digits-cnn"), key=lambda run: str(run.info.run_name))
    assert (parent.info.run_id, parent.info.status) == (sweep.run_id, "KILLED")
    assert trial.data.metrics["val_accuracy"] == 0.2


def test_a_store_that_refuses_is_an_error_at_once() -> None:
    def refuse(_: Callable[[], None]) -> MlflowSweep:
        raise MlflowException("no such permission", PERMISSION_DENIED)

    tracker = BackgroundTracker(refuse, [].__getitem__)
    tracker.start()
    assert tracker.close() == "no such permission"
    with pytest.raises(MlflowException, match="no such permission"):
        tracker.check()


def test_a_trial_that_is_refused_keeps_no_other_from_being_sent(store: Store) -> None:
    """MLflow takes no parameter whose name has such a character."""
    records = [replace(record(0, "COMPLETE", 2), parameters={"l@r": 0.1}), record(1, "COMPLETE", 2)]
    recorder = Recorder()
    tracker = BackgroundTracker(
        lambda heard: MlflowSweep(store, CONFIG, heard=heard), records.__getitem__, note=recorder.on_note
    )
    tracker.start()
    tracker.catch_up(records)
    left = tracker.close("KILLED")
    assert "l@r" in left
    assert tracker.sweep is not None, "it answers, so that the model can be registered"
    found = runs(store)
    assert (found["demo"].info.status, found["demo-0001"].info.status) == ("KILLED", "FINISHED")
    [line] = recorder.notes
    assert line.startswith("MLflow refuses part of the record (")
    assert recorder.warnings == [line]


def test_a_long_reason_is_sent_once(store: Store) -> None:
    failed = record(0, "FAIL", 1, "ERROR " * 3000)
    send(store, failed)
    sweep = MlflowSweep(store, CONFIG)
    sweep.send(failed)
    assert sweep.written == {}
    assert runs(store)["demo-0000"].data.tags["tuner.reason"].startswith("ERROR ERROR")


def test_an_end_that_somebody_else_has_taken_back_is_written_again(store: Store) -> None:
    send(store, record(0, "COMPLETE", 1))
    sweep = MlflowSweep(store, CONFIG)
    MlflowClient(store.uri).update_run(sweep.run_id, status="RUNNING")
    sweep.end("FINISHED")
    assert runs(store)["demo"].info.status == "FINISHED"
