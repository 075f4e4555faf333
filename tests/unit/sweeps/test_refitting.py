"""The plan of a training on all samples: made once, kept through kills and growth, and told apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.common import make_config, make_record
from support.made_up_scores import made_up_winner

from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.outcome import Outcome
from tuner.core.refit import Refit, RefitPlan
from tuner.core.result_file import write_result
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.execution.jobs.upload import command_words
from tuner.sweeps.growth import begin_growth, plan_refit
from tuner.sweeps.refitting import Refitting

SCORES = {epoch: {"val_accuracy": 0.5 + epoch / 10, "val_loss": 1.0, "time": 1.0} for epoch in (1, 2, 3)}
RECORDS = [make_record(number, "COMPLETE", SCORES) for number in range(2)]


def test_it_ends_after_the_kept_epoch_of_a_schedule_of_all_epochs_with_the_seed_of_the_winner(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    plan = plan_refit(folder, RECORDS[1], RECORDS)
    assert plan is not None
    assert (plan.trial, plan.epochs, plan.parameters) == (1, 3, RECORDS[1].parameters)
    assert RefitPlan.load(folder) == plan
    refitting = Refitting(make_config(epochs=9), folder, plan)
    assert (refitting.config.epochs, refitting.config.trials) == (3, 1)
    assert refitting.announcement() == "refitting trial 1: 3 epochs on the training and validation samples together"
    assert refitting.weights(None) is None
    refitting.study.ask()
    [record] = refitting.records()
    assert (record.key, record.confirms, record.parameters) == (refitting.key, None, RECORDS[1].parameters)
    assert refitting.key == f"refit-{plan.uid}"


def test_a_winner_that_wins_again_is_not_refitted_again(tmp_path: Path) -> None:
    folder, config = SweepFolder(tmp_path), make_config(name=tmp_path.name, refit=True)
    folder.model.mkdir()
    config.save(folder.path)
    assert plan_refit(folder, RECORDS[1], RECORDS)
    winner = made_up_winner(RECORDS[1], refit=Refit(epochs=3, samples=100))
    write_result(Outcome(config=config, folder=folder.path, records=tuple(RECORDS), winner=winner, seconds=1.0))
    begin_growth(config, folder)
    assert not folder.refit.path.exists(), "the search goes on"
    assert plan_refit(folder, RECORDS[1], RECORDS) is None
    assert plan_refit(folder, RECORDS[0], RECORDS) is not None


def test_a_damaged_plan_is_named(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    assert RefitPlan.load(folder) is None
    folder.refit.path.mkdir()
    write_checked_json(folder.refit_plan, {"trial": 1, "oops": 2})
    with pytest.raises(TunerError, match=r"refit/plan\.json is damaged: "):
        RefitPlan.load(folder)


def test_it_goes_along_to_a_cluster() -> None:
    request = SweepRequest(dataset="digits", model="cnn", refit=True)
    assert "--refit" in command_words("sweep", request, as_json=False)
