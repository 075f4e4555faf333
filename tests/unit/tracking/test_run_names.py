"""What MLflow's tables show of trials."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from support.common import make_config, make_record, read_runs
from support.made_up_home import SPACE

from tuner.core.records import TrialRecord, Value
from tuner.tracking.run_names import LONGEST, main_parameters, trial_name
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store

CONFIG = make_config(space={**SPACE, "params": {**SPACE["params"], "width": 0.25}})
POINT: dict[str, Value] = {
    "batch_size": 32,
    "optimizer": "sgd",
    "lr": 0.0123456,
    "dropout": 0.25,
    "momentum": 0.9,
    "width": 0.25,
}


def trial(number: int, scores: dict[int, float], state: str = "COMPLETE") -> TrialRecord:
    metrics = {epoch: {"time": 1000.0 + epoch, "epoch": epoch, "val_accuracy": s} for epoch, s in scores.items()}
    return replace(make_record(number, state, metrics), parameters=dict(POINT))


def test_a_trial_is_called_by_its_number_and_what_varies() -> None:
    names = main_parameters(CONFIG)
    assert names == ("batch_size", "optimizer", "lr", "dropout", "momentum")
    found = trial_name("demo", trial(7, {1: 0.5}), names)
    assert found == "demo-0007 batch_size=32 optimizer=sgd lr=0.0123 dropout=0.25"
    assert trial_name("demo", trial(7, {}), ()) == "demo-0007"
    assert trial_name("demo", replace(trial(7, {}), parameters={}), names) == "demo-0007"


def test_trainings_that_confirm_a_trial_have_their_key_alone() -> None:
    again = replace(trial(2, {1: 0.5}), confirms=3, plan="p")
    assert trial_name("demo", again, ("lr",)) == "demo-confirm-p-2"


def test_a_name_has_an_end() -> None:
    long = replace(trial(7, {}), parameters={"optimizer": "x" * 1000})
    assert len(trial_name("demo", long, ("optimizer",))) == LONGEST


def test_the_store_has_names_and_the_score_that_counts(tmp_path: Path, database: Path) -> None:
    shutil.copyfile(database, tmp_path / "mlflow.db")
    store = Store.of(tmp_path)
    sweep = MlflowSweep(store, CONFIG)
    sweep.send(trial(3, {1: 0.5, 2: 0.91234, 3: 0.7}))
    sweep.send(trial(4, {1: 0.5}, "FAIL"))
    runs = {run.data.tags.get("tuner.trial"): run for run in read_runs(store.uri, "digits-cnn")}
    assert str(runs["3"].info.run_name).startswith("demo-0003 batch_size=32 ")
    assert (runs["3"].data.tags["tuner.score"], runs["3"].data.tags["tuner.kept_epoch"]) == ("0.9123", "2")
    assert "tuner.score" not in runs["4"].data.tags
