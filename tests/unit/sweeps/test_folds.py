"""Folds in place of other seeds: what is asked for, what is trained, and what it comes to."""

from __future__ import annotations

import re
from math import sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from scipy.stats import t
from support.common import make_config, make_record

from tuner.core.confirm_request import ConfirmRequest
from tuner.core.confirmation import Confirmation, ConfirmPlan
from tuner.core.confirmation_text import confirmed_text
from tuner.core.errors import TunerError
from tuner.core.finalists import Finalists
from tuner.core.finalists_text import decision_text, finalists_announcement
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.data.reshuffle import Division
from tuner.execution.jobs.upload import command_words
from tuner.report.page_finalists import finalists_block
from tuner.sweeps.confirmation import check_divisions, confirmations, plan_more
from tuner.sweeps.confirming import Confirming
from tuner.sweeps.finalists import compare_finalists
from tuner.training.trial import TrialJob


def scored(number: int, score: float) -> TrialRecord:
    return make_record(number, "COMPLETE", {1: {"val_accuracy": score, "val_loss": 1 - score, "time": 1.0}})


SEARCHED = [scored(0, 0.9), scored(1, 0.8)]


def plan_of(*trials: int, folds: int) -> ConfirmPlan:
    return ConfirmPlan.of(
        [SEARCHED[n] for n in trials], range(1, folds + 1), reshuffle=False, test="winner", folds=True
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"finalists": 3, "folds": 5}, ConfirmRequest(seeds=5, finalists=3, folds=True)),
        ({"folds": 4}, ConfirmRequest(seeds=4, folds=True)),
        ({"folds": 4, "test": "mean"}, ConfirmRequest(seeds=4, folds=True, test="mean")),
    ],
)
def test_folds_are_asked_for_with_finalists_or_alone(given: dict[str, Any], expected: ConfirmRequest) -> None:
    values = {"confirm": None, "finalists": None, "seeds": None, "reshuffle": False, "test": "winner", **given}
    asked = ConfirmRequest.of_sweep(**values)
    assert asked == expected
    assert expected.option == ("--finalists" if expected.finalists else "--folds")
    words = command_words("sweep", SweepRequest(dataset="digits", model="cnn", confirm=asked), as_json=False)
    assert words[words.index("--folds") + 1] == str(expected.seeds)
    assert not {"--seeds", "--confirm"} & set(words)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"folds": 5, "confirm": 3},
            "--folds says how many trainings there are, one for each fold: leave --confirm out",
        ),
        (
            {"folds": 5, "finalists": 2, "seeds": 3},
            "--folds says how many trainings there are, one for each fold: leave --seeds out",
        ),
        ({"folds": 5, "reshuffle": True}, "--folds divides the samples into folds: leave --reshuffle out"),
        ({"folds": 1}, "--folds must be at least 2 and at most 100, got 1"),
        ({"folds": 101, "finalists": 2}, "--folds must be at least 2 and at most 100, got 101"),
        (
            {"folds": 5, "finalists": 2, "test": "mean"},
            "--finalists: the finalists are not tested, only the winner is: leave --test-by out",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], message: str) -> None:
    values = {"confirm": None, "finalists": None, "seeds": None, "reshuffle": False, "test": "winner", **given}
    with pytest.raises(TunerError, match=f"^{re.escape(message)}$"):
        ConfirmRequest.of_sweep(**values)


def test_there_are_at_least_two_samples_for_each_fold() -> None:
    train, validation = SimpleNamespace(targets=range(6)), SimpleNamespace(targets=range(3))
    splits: Any = SimpleNamespace(train=train, validation=validation, record=None, groups=None)
    check_divisions(ConfirmRequest(seeds=4, folds=True), splits)
    with pytest.raises(TunerError, match=r"^--folds 5: there are only 9 training and validation samples to divide$"):
        check_divisions(ConfirmRequest(seeds=5, folds=True), splits)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (ConfirmRequest(seeds=3, folds=True), "--folds 3 would validate on samples from before .*: take --confirm 3"),
        (ConfirmRequest(seeds=3, reshuffle=True), "--reshuffle would validate on samples from before .*: leave it out"),
    ],
)
def test_a_division_by_time_is_not_mixed_up(asked: ConfirmRequest, why: str) -> None:
    train, validation = SimpleNamespace(targets=range(60)), SimpleNamespace(targets=range(30))
    record = SimpleNamespace(kind="time")
    splits: Any = SimpleNamespace(train=train, validation=validation, record=record, groups=None)
    with pytest.raises(TunerError, match=why):
        check_divisions(asked, splits)
    check_divisions(ConfirmRequest(seeds=3), splits)


def test_there_is_a_group_for_each_fold() -> None:
    train, validation = SimpleNamespace(targets=range(60)), SimpleNamespace(targets=range(30))
    groups = torch.arange(90) % 4
    splits: Any = SimpleNamespace(train=train, validation=validation, record=None, groups=groups)
    check_divisions(ConfirmRequest(seeds=4, folds=True), splits)
    with pytest.raises(TunerError, match="--folds 5: there are only 4 groups of training and validation samples"):
        check_divisions(ConfirmRequest(seeds=5, folds=True), splits)


def test_each_training_of_a_trial_has_another_fold(tmp_path: Path) -> None:
    plan = plan_of(0, 1, folds=3)
    plan.save(SweepFolder(tmp_path))
    confirming = Confirming(make_config(seed=7), SweepFolder(tmp_path), plan)
    common: Any = {"sweep": "x", "data": None, "model": "cnn", "epochs": 3, "rungs": (1,), "seed": 7, "threads": 1}
    job = confirming.job(TrialJob(**common, gpus=0.0, folder=tmp_path))
    assert job.splits == tuple(Division(7, fold, 3) for fold in (0, 0, 1, 1, 2, 2))
    assert ConfirmPlan.load(SweepFolder(tmp_path)) == plan
    assert confirming.announcement().startswith(
        "confirming 2 trials on 3 folds of the training and validation samples: "
    )


def test_the_interval_allows_for_the_samples_that_the_folds_share() -> None:
    """Nadeau and Bengio's: 1 / n + the ratio of validation to training samples, which is 1 / (folds - 1)."""
    values = (0.80, 0.84, 0.86, 0.90)
    plan = plan_of(0, folds=4)
    found = confirmations(plan, [scored(n, value) for n, value in enumerate(values)])[0]
    assert found.score
    assert found.score.interval
    assert found.score.sd
    assert found.score.mean == pytest.approx(0.85)
    half = t.ppf(0.975, 3) * found.score.sd * sqrt(1 / 4 + 1 / 3)
    assert found.score.interval.high == pytest.approx(min(1.0, 0.85 + half))
    assert found.score.interval.low == pytest.approx(0.85 - half)
    assert "mean of 4 folds; sd 0.04" in confirmed_text(found)
    assert Confirmation.from_json(found.to_json()) == found
    assert confirmed_text(confirmations(plan, [])[0]) == "no training on a fold is complete, of 4"


def test_the_finalist_with_the_best_mean_over_the_folds_wins() -> None:
    plan = ConfirmPlan(points=plan_of(0, 1, folds=2).points, folds=True, finalists=(0, 1), uid="u")
    records = [scored(0, 0.7), scored(1, 0.9), scored(2, 0.8), scored(3, 0.8)]
    found = compare_finalists(make_config().goal, plan, records, SEARCHED)
    assert found.best == 1
    assert [each.score.mean for each in found.trials if each.score] == pytest.approx([0.85, 0.75])
    assert all(each.score and each.score.interval for each in found.trials)
    assert decision_text(found).startswith("trial 1 has the best mean val_accuracy of 2 trials, over 2 folds; ")
    assert Finalists.from_json(found.to_json()) == found
    announced = finalists_announcement(plan, 4, 3, 2)
    assert announced == (
        "finalists: trials 0 and 1, each on 2 folds of the training and validation samples: 4 trainings of 3 epochs, "
        "2 at a time"
    )
    page = finalists_block(found)
    assert "fold 2" in page.html
    assert "trained again on folds of the samples" in page.caption


def test_a_winner_that_was_confirmed_on_folds_gets_no_more_of_them(tmp_path: Path) -> None:
    config, folder = make_config(), SweepFolder(tmp_path)
    plan_more(config, folder, SEARCHED[0], ConfirmRequest(seeds=3, folds=True)).save(folder)
    for asked in (ConfirmRequest(seeds=5, folds=True), ConfirmRequest(seeds=5)):
        with pytest.raises(
            TunerError, match=r"was confirmed with --folds 3 --test-by winner; to confirm it anew, delete "
        ):
            plan_more(config, folder, SEARCHED[0], asked)
