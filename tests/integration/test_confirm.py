"""Real trainings that confirm a winner: with other seeds, on other splits, tested or not, interrupted and resumed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow.entities import Run
from support.common import Command, Start, Typed, make_config, read_runs
from support.json_check import check_json
from support.killed_confirmation import kill_and_resume
from support.made_up_search import Recorder
from support.small_trainings import PAIR, client, train, write_table

from tuner.core.confirm_request import ConfirmRequest
from tuner.core.confirmation import ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.outcome import Outcome
from tuner.core.records import trial_seed
from tuner.core.result_file import read_result
from tuner.core.summary import Summary
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.search.study_reader import read_records
from tuner.sweeps import api
from tuner.sweeps.compare import compare
from tuner.sweeps.confirmation import is_pending
from tuner.sweeps.lock import lock_sweep
from tuner.tracking.store import Store

NAME = f"{PAIR}-1"
SET_BY_MLFLOW = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")  # in this process; a command has one of its own


def forget_mlflow() -> None:
    for name in SET_BY_MLFLOW:
        os.environ.pop(name, None)


@pytest.fixture
def trained(tmp_path: Path, home: Path, database: Path) -> Outcome:
    """A single training on a small table."""
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    write_table(tmp_path, 60, 60)
    outcome = train(epochs=3, overrides=("lr=0.02", "optimizer=adam", "hidden_size=8", "dropout=0.1"))[0]
    forget_mlflow()
    return outcome


def children(home: Path, name: str = NAME, pair: str = PAIR) -> dict[str, Run]:
    """The runs below that of the sweep, by the number or the name that their tag has, without the plan's uid."""
    plan = ConfirmPlan.load(SweepFolder(home / name))
    infix = f"-{plan.uid}-" if plan else "-"
    runs = [run for run in read_runs(f"sqlite:///{home}/mlflow.db", pair) if run.data.tags["tuner.sweep"] == name]
    [parent] = [run for run in runs if "tuner.trial" not in run.data.tags]
    below = [run for run in runs if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in below} == {parent.info.run_id}
    return {"parent": parent} | {run.data.tags["tuner.trial"].replace(infix, "-"): run for run in below}


@pytest.mark.proof
def test_the_mean_is_over_new_seeds_alone_which_repeat_trainings_and_no_model_changes(
    trained: Outcome, home: Path, typed: Typed
) -> None:
    before = read_result(home / NAME)
    code, out, err = typed("confirm", NAME, "--seeds", "3")
    assert code == 0, err
    assert f"{NAME}: the best trial of " in err
    assert f"{NAME}: one trial of " not in err
    assert "confirming trial 0 with 3 other seeds (1 to 3): 3 epochs each, 1 at a time\n" in err
    result = read_result(home / NAME)
    found = result["confirm"]
    assert (found["seeds"], found["asked"], found["trial"], found["failed"]) == ([1, 2, 3], 3, 0, [])
    records = read_records(SweepFolder(home / NAME).confirmation.journal)
    assert [record.seed for record in records] == [trial_seed(seed, 0) for seed in (1, 2, 3)]
    assert [record.score for record in records] == found["values"]
    assert found["mean"] == pytest.approx(sum(found["values"]) / 3)
    assert found["interval"][0] < found["mean"] < found["interval"][1]
    unchanged = ("test", "test_data", "test_looks", "best", "validation", "seconds")
    assert {name: result[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert (result["test_looks"], found["test"]) == (1, {})
    assert before["confirm_seconds"] is None
    assert result["confirm_seconds"] > 0
    assert result["model"]["uri"] == before["model"]["uri"]
    assert f"confirm   val_accuracy {found['mean']:.1f}" in out
    assert "mean of 3 other seeds; sd 0." in out
    assert "is not part of it: trial 0 was chosen for it\n" in out

    below = children(home)
    assert sorted(below) == ["0", "confirm-0", "confirm-1", "confirm-2", "parent"]
    assert {run.info.status for run in below.values()} == {"FINISHED"}
    plan = ConfirmPlan.load(SweepFolder(home / NAME))
    assert plan
    assert below["confirm-2"].info.run_name == f"{NAME}-confirm-{plan.uid}-2"
    assert below["confirm-2"].data.tags["tuner.confirms_with_seed"] == "3"
    metrics = below["parent"].data.metrics
    assert (metrics["val_accuracy_mean"], metrics["val_accuracy_sd"]) == (found["mean"], found["sd"])
    assert (metrics["confirm_seeds"], metrics["test_looks"]) == (3, 1)
    assert len(client(home).search_model_versions(f"name = '{PAIR}'")) == 1
    assert [row.trials for row in compare(Store.of(home), home, None).rows] == [1]
    page = (home / NAME / "report" / "report.html").read_text()
    assert "The best trial, trained again" in page
    assert (home / NAME / "report" / "confirm.png").exists()

    code, out, _ = typed("status", NAME)
    assert "confirm   val_accuracy" in out
    assert typed("logs", NAME)[1].count("  confirm 1  epoch ") == 3
    request = SweepRequest(dataset="csv:t.csv", model="lstm", target="y", cpus_per_trial=1, seed=2)
    repeated = api.train(request, from_best=NAME)
    assert [repeated.records[0].metrics[e]["val_loss"] for e in (1, 2, 3)] == [
        records[1].metrics[e]["val_loss"] for e in (1, 2, 3)
    ]


@pytest.mark.proof
def test_more_seeds_continue_and_the_test_set_is_looked_at_once_for_each_model(
    trained: Outcome, home: Path, typed: Typed
) -> None:
    ways = ("--reshuffle", "--test-by", "mean")
    code, out, err = typed("confirm", NAME, "--seeds", "2", *ways)
    assert code == 0, err
    assert "(1 to 2), each on another training and validation split: 3 epochs" in err
    assert "mean of 2 models, each tested once" in out
    first = read_result(home / NAME)
    assert (first["test_looks"], first["confirm"]["tested_seeds"]) == (3, [1, 2])
    assert len(first["confirm"]["test"]["accuracy"]["values"]) == 2
    assert not SweepFolder(home / NAME).confirmation.trials.exists()
    forget_mlflow()
    code, _, err = typed("confirm", NAME, "--seeds", "2", *ways)
    assert (code, err) == (2, f"error: the sweep {NAME} was confirmed with 2 seeds: ask for more, with --seeds\n")
    code, _, err = typed("confirm", NAME, "--seeds", "5")
    assert code == 2
    assert err.startswith(
        f"error: the sweep {NAME} was confirmed with --seeds 2 --reshuffle --test-by mean; to confirm"
    )
    code, _, err = typed("resume", NAME)
    assert (code, "is finished" in err) == (2, True)

    code, _, err = typed("confirm", NAME, "--seeds", "3", *ways)
    assert code == 0, err
    second = read_result(home / NAME)["confirm"]
    assert second["values"][:2] == first["confirm"]["values"]
    assert second["test"]["loss"]["values"][:2] == first["confirm"]["test"]["loss"]["values"]
    assert (second["seeds"], second["tested_seeds"]) == ([1, 2, 3], [1, 2, 3])
    metrics = children(home)["parent"].data.metrics
    assert (metrics["test_looks"], metrics["confirm_tested"], metrics["confirm_seeds"]) == (4, 3, 3)
    assert metrics["val_accuracy_mean"] == second["mean"]
    assert metrics["test_accuracy_mean"] == second["test"]["accuracy"]["mean"]


def test_after_its_folder_is_deleted_a_sweep_is_confirmed_anew_and_nothing_old_is_taken_for_new(
    trained: Outcome, home: Path, typed: Typed
) -> None:
    folder, first = SweepFolder(home / NAME), ("confirm", NAME, "--seeds", "2", "--test-by", "mean")
    assert typed(*first)[0] == 0
    old, old_runs = read_result(home / NAME)["confirm"], children(home)
    shutil.rmtree(folder.confirmation.path)
    forget_mlflow()
    outcome = api.confirm(NAME, ConfirmRequest(seeds=2, reshuffle=True, test="mean"), callbacks=[Interrupting(1)])
    forget_mlflow()
    assert outcome.winner is None
    assert is_pending(folder)
    code, _, err = typed("resume", NAME)
    assert code == 0, err
    new, runs = read_result(home / NAME), children(home)
    assert new["confirm"]["seeds"] == old["seeds"]
    assert not set(new["confirm"]["test"]["loss"]["values"]) & set(old["test"]["loss"]["values"])
    assert (new["test_looks"], runs["parent"].data.metrics["confirm_tested"]) == (1 + 2 + 2, 4)
    assert len(runs) == len(old_runs) + 2
    values = [runs[f"confirm-{n}"].data.metrics["val_loss"] for n in (0, 1)]
    records = read_records(folder.confirmation.journal)
    assert values == [record.metrics[record.epoch]["val_loss"] for record in records]


def test_nothing_is_read_or_deleted_while_another_process_has_the_sweep(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "demo")
    folder.confirmation.trials.mkdir(parents=True)
    make_config().save(folder.path)
    write_checked_json(folder.result, {})
    words = r"^the sweep demo is running in another process$"
    with lock_sweep(folder.path):
        with pytest.raises(TunerError, match=words):
            api.resume("demo", home=tmp_path)
        with pytest.raises(TunerError, match=words):
            api.confirm("demo", ConfirmRequest(seeds=3), home=tmp_path)
    assert folder.confirmation.trials.exists()


class Interrupting(Recorder):
    """Ctrl-C as soon as so many epochs are told."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs

    def on_tick(self, summary: Callable[[], Summary]) -> None:
        if summary().epochs >= self._epochs:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_confirmation_that_is_interrupted_is_resumed_where_it_was(trained: Outcome, home: Path, typed: Typed) -> None:
    outcome = api.confirm(NAME, ConfirmRequest(seeds=3), callbacks=[Interrupting(5)])
    forget_mlflow()
    assert (outcome.winner, outcome.stopped_by) == (None, signal.SIGINT)
    folder = SweepFolder(home / NAME)
    before = read_records(folder.confirmation.journal)
    assert [record.epoch for record in before] == [3, 2]
    assert not read_result(home / NAME).get("confirm")
    below = children(home)
    assert [below[key].info.status for key in ("parent", "0", "confirm-0", "confirm-1")] == [
        *("KILLED", "FINISHED", "FINISHED", "KILLED")
    ]
    code, out, _ = typed("status", NAME)
    assert f"[bold]{NAME}" not in out
    assert ", paused" in out
    assert "confirm   1 of 3 trainings done; val_accuracy" in out
    code, out, err = typed("resume", NAME, "--json")
    assert code == 0, err
    after = read_records(folder.confirmation.journal)
    assert [record.epoch for record in after] == [3, 3, 3]
    assert after[1].metrics[2] == before[1].metrics[2]
    assert check_json("resume NAME", out)["confirm"]["seeds"] == [1, 2, 3]
    assert {run.info.status for run in children(home).values()} == {"FINISHED"}
    code, out, _ = typed("status", NAME)
    assert ", finished" in out


@pytest.mark.proof
def test_on_folds_each_sample_is_validated_once_also_after_an_interruption(
    trained: Outcome, home: Path, typed: Typed
) -> None:
    asked = ConfirmRequest.of_folds(3, {}, reshuffle=False, test="winner")
    outcome = api.confirm(NAME, asked, callbacks=[Interrupting(5)])
    forget_mlflow()
    assert outcome.winner is None
    folder = SweepFolder(home / NAME)
    before = read_records(folder.confirmation.journal)
    code, out, err = typed("resume", NAME, "--json")
    assert code == 0, err
    assert "confirming trial 0 on 3 folds of the training and validation samples: 3 epochs each" in err
    found, after = check_json("resume NAME", out)["confirm"], read_records(folder.confirmation.journal)
    assert [record.epoch for record in after] == [3, 3, 3]
    assert after[0] == before[0]
    assert found["folds"] is True
    assert found["values"] == [record.score for record in after]
    splits = Source.parse("csv:t.csv", "y").load(None)
    size = (len(splits.train.targets) + len(splits.validation.targets)) // 3
    assert size != len(splits.validation.targets)
    for record in after:  # its accuracy is that of as many samples as a fold has
        assert any(record.score * each == pytest.approx(round(record.score * each)) for each in (size, size + 1))
    forget_mlflow()
    code, _, err = typed("confirm", NAME, "--folds", "4")
    assert code == 2
    assert err.startswith(
        f"error: the sweep {NAME} was confirmed with --folds 3 --test-by winner; to confirm it anew, "
    )
    code, _, err = typed("confirm", NAME, "--folds", "4", "--seeds", "3")
    assert (code, err.count("\n")) == (2, 1)


CONFIRMED = ("--trials", "2", "--max-epochs", "4", "--concurrency", "2", "--confirm", "3", "--time-budget", "10m")


@pytest.mark.proof
def test_a_sweep_that_is_killed_while_it_confirms_trains_no_further_trial_and_loses_no_epoch(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    """With two workers and kill -9: the search is over, and the confirmation goes on."""
    where = tmp_path / "sweep"
    resumed = kill_and_resume(start, tuner, where, *CONFIRMED)
    after, result = resumed.after, resumed.result
    assert sum(resumed.killed.confirm_states.values()) == 3
    assert [(record.state, record.epoch) for record in after] == [("COMPLETE", 4)] * 3
    assert result["confirm"]["values"] == [record.score for record in after]
    assert result["model"]["champion"] is True
    below = children(where / "runs", "x", "digits-cnn")
    assert sorted(below) == ["0", "1", "confirm-0", "confirm-1", "confirm-2", "parent"]
    assert {run.info.status for run in below.values()} <= {"FINISHED", "KILLED"}
    assert below["parent"].data.metrics["val_accuracy_mean"] == result["confirm"]["mean"]
