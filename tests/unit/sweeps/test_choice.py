"""Whether the best trial or the default configuration is registered, from real models and their checkpoints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.checkpoints import save_constant_model
from support.common import make_config
from support.digits import some_digits
from support.made_up_search import report_of, study_of

from tuner.core.against_default import AgainstDefault
from tuner.core.callback import Callback
from tuner.core.default_text import default_text
from tuner.core.kept_checkpoints import compared_at_end
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.core.trial_report import TrialReport
from tuner.data.spec import Split, Splits
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import Decision
from tuner.search.study import Study
from tuner.sweeps.choice import Choice, choose
from tuner.training.checkpoint import CHECKPOINT_FILE
from tuner.training.checkpoint_storage import CheckpointStorage, UriStorage
from tuner.training.score_error import compare_predicted, paired_error

CONFIG = make_config(
    trials=3,
    epochs=1,
    concurrency=1,
    default=True,
    space={"epochs": 1, "params": {"width": 0.125, "lr": {"low": 0.01, "high": 0.1}}},
)


@pytest.fixture(scope="module")
def digits() -> Splits:
    return some_digits()


def always(label: int) -> torch.Tensor:
    return torch.eye(10)[label]


def search(folder: SweepFolder, scores: list[float]) -> Study:
    """A search of which the trials have these validation scores, as the study knows them."""
    config = replace(CONFIG, trials=len(scores))
    study = study_of(config, folder.path)
    controller = Controller(config, study, make_scheduler(config), folder, Callback(), compared_at_end(config))
    for score in scores:
        drawn = controller.next_trial()
        assert drawn
        assert controller.on_report(drawn[0], report_of(1, score)) is Decision.STOP
    controller.finish()
    return study


def chosen(folder: SweepFolder, study: Study, splits: Splits, storage: CheckpointStorage | None = None) -> Choice:
    found = choose(CONFIG, study, folder, storage, splits)
    assert found
    return found


def test_a_best_trial_that_hardly_differs_from_the_default_is_not_registered(tmp_path: Path, digits: Splits) -> None:
    folder, targets = SweepFolder(tmp_path), digits.whole_validation.targets
    counts = torch.bincount(targets)
    near, far = sorted(range(10), key=lambda label: (counts[label] - counts[3]).abs().item())[1], 3
    for number, label in enumerate((far, 0, near)):
        save_constant_model(folder.trials, number, digits, always(label))
    study = search(folder, [0.5, 0.4, 0.6])
    found = chosen(folder, study, digits)
    gained = int(counts[near] - counts[far])
    assert found.default
    assert found.default.difference
    assert (found.trial.number, found.default.best, found.default.registered) == (0, 2, True)
    assert found.default.difference.size == pytest.approx(gained / len(targets))
    assert default_text(found.default, 1).startswith("trial 2 is ahead of the default configuration (trial 0) by ")
    assert default_text(found.default, 1).endswith("too little to be trusted, so the default is registered")
    for number in (0, 2):
        (checkpoint_folder(folder.trials, number) / CHECKPOINT_FILE).unlink()
    again = chosen(folder, study_of(CONFIG, folder.path), digits)
    assert again == found, "the study remembers it"


def test_a_best_trial_that_is_better_on_the_same_samples_is_registered(tmp_path: Path, digits: Splits) -> None:
    folder, inputs = SweepFolder(tmp_path), digits.validation.inputs
    skewed = replace(digits, validation=Split(inputs, (torch.arange(len(inputs)) < 300).long()))
    for number, label in enumerate((0, 5, 1)):
        save_constant_model(folder.trials, number, skewed, always(label))
    found = chosen(folder, search(folder, [0.5, 0.4, 0.6]), skewed)
    assert found.default
    assert found.default.difference
    assert (found.trial.number, found.default.registered, found.default.better) == (2, False, True)
    assert found.default.difference.size == pytest.approx((300 - 59) / 359)
    told = default_text(found.default, 3)
    assert told.startswith("trial 2 beats the default configuration (trial 0) by 67 points (")
    assert told.endswith(" on the same 359 validation samples; the default had 1 of 3 epochs")
    assert AgainstDefault.from_json(json.loads(json.dumps(found.default.to_json()))) == found.default


def test_what_cannot_be_compared_is_told_and_the_best_trial_is_registered(tmp_path: Path, digits: Splits) -> None:
    folder = SweepFolder(tmp_path)
    save_constant_model(folder.trials, 2, digits, always(1))
    study = search(folder, [0.5, 0.4, 0.6])
    found = chosen(folder, study, digits)
    assert found.default
    assert (found.trial.number, found.default.registered, found.default.better) == (2, False, None)
    told = default_text(found.default, 1)
    assert told.startswith(
        "trial 2 was not compared with the default configuration (trial 0): trial 0 has no checkpoint"
    )


def test_a_default_that_is_the_best_trial_is_registered(tmp_path: Path, digits: Splits) -> None:
    folder = SweepFolder(tmp_path)
    found = chosen(folder, search(folder, [0.6, 0.4, 0.6]), digits)
    assert found.default
    assert (found.trial.number, found.default.registered, found.default.difference) == (0, True, None)
    assert default_text(found.default, 1) == (
        "no trial is better than the default configuration (trial 0): it is the winner"
    )


def test_a_failed_default_is_no_model(tmp_path: Path, digits: Splits) -> None:
    folder = SweepFolder(tmp_path)
    found = chosen(folder, search(folder, [float("nan"), 0.4, 0.6]), digits)
    assert found.trial.number == 2
    assert found.default
    assert "was not compared with the default configuration (trial 0): the default failed: " in default_text(
        found.default, 1
    )


def test_a_default_beyond_a_constraint_is_told_to_be_that_also_where_it_never_trained(
    tmp_path: Path, digits: Splits
) -> None:
    folder, config = SweepFolder(tmp_path), replace(CONFIG, constraint="parameters<=300000")
    study = study_of(config, folder.path)
    controller = Controller(config, study, make_scheduler(config), folder, Callback(), compared_at_end(config))
    for parameters in (1_200_000, 2000):
        drawn = controller.next_trial()
        assert drawn
        told = TrialReport(measured={"parameters": parameters}, measured_on="here")
        if controller.on_report(drawn[0], told) is Decision.CONTINUE:
            controller.on_report(drawn[0], report_of(1, 0.5))
    found = choose(config, study, folder, None, digits)
    assert found
    assert found.default
    assert (found.trial.number, found.default.registered) == (1, False)
    assert found.default.missing == "the default has parameters 1,200,000 (must be at most 300,000)"


def test_a_sweep_without_a_default_has_its_best_trial(tmp_path: Path, digits: Splits) -> None:
    folder = SweepFolder(tmp_path)
    study = search(folder, [0.6, 0.4, 0.7])
    assert choose(replace(CONFIG, default=False), study, folder, None, digits) == Choice(
        trial=study.record(2), default=None
    )
    (tmp_path / "empty").mkdir()
    assert choose(CONFIG, study_of(CONFIG, tmp_path / "empty"), folder, None, digits) is None


def test_a_default_whose_checkpoint_was_cleared_keeps_no_grown_sweep_from_its_end(
    tmp_path: Path, digits: Splits
) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    folder.path.mkdir()
    storage = UriStorage.of(replace(CONFIG, storage=f"file://{tmp_path}/storage"))
    assert storage
    assert chosen(folder, search(folder, [0.5, 0.4, 0.6]), digits, storage).trial.number == 2


def test_the_error_of_a_paired_difference_is_that_of_a_mean() -> None:
    targets = torch.arange(100).numpy() % 5
    first, second = targets.copy(), targets.copy()
    first[:3], second[:12] = 9, 9
    difference = compare_predicted(targets, first, second)
    assert difference.size == pytest.approx(0.09)
    assert paired_error(targets, first, second) == pytest.approx((0.09 - 0.09**2) ** 0.5 / 10)
