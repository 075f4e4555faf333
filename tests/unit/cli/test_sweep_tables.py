"""The end of a sweep: what is printed, and what its last lines tell to type next."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.common import make_config
from support.made_up_trials import record

from tuner.cli.sweep_tables import print_outcome
from tuner.core import scores
from tuner.core.budgets import BudgetState
from tuner.core.cost import Cost
from tuner.core.outcome import Outcome, RegisteredModel, Winner
from tuner.core.records import STATE_WORDS
from tuner.data.spec import DataSpec
from tuner.sweeps.logs import events
from tuner.tracking.store import Store
from tuner.training.model_description import ModelDescription

SHAPES = {"image": (1, 8, 8), "tabular": (4,), "text": (16,)}
FILES = {"image": "IMAGE.png", "tabular": "ROWS.csv", "text": "TEXTS.txt"}
COURSES = {"COMPLETE": [0.5] * 6, "PRUNED": [0.4], "FAIL": [], "RUNNING": [0.3]}
TRIALS = tuple(record(n, state, course) for n, (state, course) in enumerate(COURSES.items()))


def ended(folder: Path, *, champion: bool = True) -> Outcome:
    """A sweep of TRIALS in this folder, with a report."""
    (folder / "model").mkdir(parents=True)
    winner = Winner(
        trial=TRIALS[0],
        epoch=6,
        val_score=0.5,
        val_loss=0.6,
        scores=scores.TestScores(accuracy=0.5, macro_f1=0.5, roc_auc=0.5, loss=0.7),
        cost=Cost(parameters=1, flops=1, bytes=1, train_seconds=1.0),
        test_data="same",
        model=RegisteredModel(uri="models:/digits-cnn/1", champion=champion, note="the first model"),
    )
    return Outcome(
        config=make_config(trials=4, epochs=6),
        folder=folder,
        records=TRIALS,
        winner=winner,
        seconds=60.0,
        report=folder / "report" / "report.html",
    )


def printed(outcome: Outcome, home: Path) -> str:
    """What is printed at its end, on a narrow terminal."""
    out = Console(file=StringIO(), width=80, soft_wrap=True, highlight=False)
    print_outcome(outcome, Store(uri=f"sqlite:///{home}/mlflow.db", artifacts=home.as_uri()), out)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("task", FILES)
def test_a_summary_ends_with_the_report_and_how_to_use_the_model(task: Any, tmp_path: Path) -> None:
    outcome = ended(tmp_path / "a b" / "x")
    spec = DataSpec(name="x", task=task, shape=SHAPES[task], classes=("a", "b"), mean=(), std=())
    ModelDescription(spec, "cnn", {}).save(outcome.folder / "model")
    text = printed(outcome, tmp_path)
    assert text.endswith(f"    {outcome.folder.as_uri()}/report/report.html\n\nUse the model:\n\n"
                         f"    tuner predict digits-cnn {FILES[task]}\n\n")  # fmt: skip
    assert "a%20b" in text, "an address that a terminal can open"


def test_what_is_no_champion_is_used_by_the_name_of_its_sweep(tmp_path: Path) -> None:
    text = printed(ended(tmp_path / "x", champion=False), tmp_path)
    assert text.endswith("\n    tuner predict demo FILE\n\n")  # the model's folder is empty
    without = printed(replace(ended(tmp_path / "y"), report=None), tmp_path)
    assert "browser" not in without


def test_a_state_has_the_same_word_in_the_summary_in_json_and_in_the_logs(tmp_path: Path) -> None:
    outcome = ended(tmp_path / "x")
    text = printed(outcome, tmp_path)
    assert "4 trials (1 done, 1 waiting, 1 pruned, 1 failed), 8 epochs" in text
    plain = [replace(trial, values={}, metrics={}) for trial in TRIALS]
    assert outcome.to_json()["trials"] == {"done": 1, "waiting": 1, "pruned": 1, "failed": 1}
    assert {event.text.split()[0].rstrip(":") for event in events(plain)} == {"begins", *STATE_WORDS.values()}


def test_epochs_are_counted_out_of_those_that_a_trial_may_train(tmp_path: Path) -> None:
    rows = [line.split()[:6] for line in printed(ended(tmp_path / "x"), tmp_path).splitlines()]
    assert ["1", "0.4000", "1", "of", "6", "pruned"] in rows


def test_of_two_objectives_the_front_is_shown_and_what_the_champion_goes_by(tmp_path: Path) -> None:
    config = make_config(
        trials=4, epochs=6, objective="val_accuracy:max,parameters:min", constraint="parameters<=500", name="two"
    )
    sizes = {0: ("COMPLETE", 0.9, 300), 1: ("COMPLETE", 0.8, 100), 2: ("COMPLETE", 0.7, 200), 3: ("PRUNED", None, 900)}
    trials = tuple(
        replace(record(n, state, [] if score is None else [score]), goal=config.goal, measured={"parameters": size})
        for n, (state, score, size) in sizes.items()
    )
    outcome = ended(tmp_path / "x")
    assert outcome.winner is not None
    winner = replace(outcome.winner, trial=trials[0], epoch=1)
    text = printed(replace(outcome, config=config, records=trials, winner=winner), tmp_path)
    assert "the Pareto front of two: 2 of 3 complete trials" in text
    rows = [line.split()[:3] for line in text.splitlines()]
    assert rows.index(["0", "0.9000", "300"]) < rows.index(["1", "0.8000", "100"])
    assert ["2", "0.7000", "200"] not in rows
    assert "winner    trial 0: of the front it has the best val_accuracy" in text
    assert "to train one again: tuner train digits cnn --from-trial two/1" in text
    assert "excluded  1 trial before the first epoch: not parameters<=500" in text
    assert "trial 0, epoch 1 (val_accuracy 0.9000, parameters 300), on the test set" in text
    assert "champion  chosen among all models of digits-cnn by validation accuracy alone" in text
    assert "champion  chosen" not in printed(outcome, tmp_path)


def test_a_trial_beyond_a_constraint_says_so(tmp_path: Path) -> None:
    config = make_config(trials=2, epochs=6, constraint="val_accuracy<=0.5")
    trials = tuple(replace(record(n, "COMPLETE", [s]), goal=config.goal) for n, s in enumerate((0.4, 0.9)))
    outcome = ended(tmp_path / "x")
    assert outcome.winner is not None
    winner = replace(outcome.winner, trial=trials[0], epoch=1)
    text = printed(replace(outcome, config=config, records=trials, winner=winner), tmp_path)
    [row] = [line for line in text.splitlines() if line.split()[:2] == ["1", "0.9000"]]
    assert "done, beyond a constraint" in row
    assert text.index(" 0.4000") < text.index(" 0.9000")


def test_the_budget_that_ended_the_search_is_told_with_the_command_that_goes_on(tmp_path: Path) -> None:
    state = BudgetState(name="epoch_budget", limit=14, left=0, text="0 of 14 epochs left", more="--epoch-budget 28")
    outcome = ended(tmp_path)
    cut = replace(outcome, config=replace(outcome.config, epoch_budget=14, trials=9), budgets=(state,))
    shown = printed(replace(cut, ended_by="epoch_budget"), tmp_path)
    assert "ended by  the epoch budget, 14 epochs in all; to go on: tuner resume demo --epoch-budget 28\n" in shown
    assert "ended by" not in printed(replace(cut, ended_by="stop"), tmp_path)
    assert "ended by" not in printed(outcome, tmp_path)


def test_what_is_left_of_a_budget_is_told_when_all_trials_have_ended(tmp_path: Path) -> None:
    """The 24 trials of the default are a bound, too, where somebody gave a budget alone."""
    state = BudgetState(name="epoch_budget", limit=99, left=85, text="85 of 99 epochs left")
    outcome = ended(tmp_path)
    config = replace(outcome.config, epoch_budget=99)
    shown = printed(replace(outcome, config=config, ended_by="trials", budgets=(state,)), tmp_path)
    assert "ended by  its number of trials: 85 of 99 epochs left; to go on: tuner resume demo --trials 8\n" in shown


def test_what_more_trials_would_bring_is_told(tmp_path: Path) -> None:
    many = tuple(record(n, "COMPLETE", [0.3 + n / 100] * 6) for n in range(16))
    outcome = ended(tmp_path)
    assert "outlook" not in printed(outcome, tmp_path), "four trials are too few"
    shown = printed(replace(outcome, config=replace(outcome.config, trials=16), records=many), tmp_path)
    assert "outlook   8 more trials would find a better one with a probability of about 42 %, and raise" in shown
