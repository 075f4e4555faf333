"""A sweep whose new trials train for more epochs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import Recorder, begin, drive, report_of, study_of

from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.earlier import epochs_of, first_of_length, lengths
from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.grow_request import GrowRequest
from tuner.core.records import TrialRecord, best_of
from tuner.core.sweep_folder import SweepFolder
from tuner.search.refit import compared
from tuner.search.summary import summarise
from tuner.sweeps.confirming import Confirming
from tuner.sweeps.growth import announce, begin_growth, grown
from tuner.sweeps.new_length import AGAIN

SPACE: dict[str, Any] = {"epochs": 9, "params": {"dropout": {"low": 0.0, "high": 0.9}}}


@pytest.fixture
def folder(home: Path) -> SweepFolder:
    (home / "demo").mkdir(parents=True)
    return SweepFolder(home / "demo")


def run(config: SweepConfig, folder: SweepFolder) -> list[TrialRecord]:
    controller, study = begin(config, folder.path)
    drive(controller, Counter({record.number: record.epoch for record in study.records()}))
    controller.finish()
    return study.records()


def searched(folder: SweepFolder, trials: int = 8, **changes: Any) -> SweepConfig:
    """A sweep with this many trials of 9 epochs, each the better the higher its number."""
    config = make_config(trials=trials, space=SPACE, concurrency=1, **changes)
    config.save(folder.path)
    run(config, folder)
    return config


def longer(config: SweepConfig, folder: SweepFolder, **asked: Any) -> SweepConfig:
    new = grown(config, folder, GrowRequest(**asked))
    begin_growth(new, folder)
    return SweepConfig.load(folder.path)


def test_the_best_points_are_trained_anew_for_longer_and_the_others_stay(folder: SweepFolder) -> None:
    config = searched(folder)
    before = study_of(config, folder.path).records()
    new = longer(config, folder, max_epochs=27)
    assert (new.trials, new.epochs, lengths(new), first_of_length(new)) == (8 + AGAIN, 27, [(0, 9), (8, 27)], 8)
    after = run(new, folder)
    assert after[:8] == before
    assert [record.parameters for record in after[8:]] == [before[n].parameters for n in (7, 6, 5)]
    assert max(record.epoch for record in after[8:]) == 27
    assert [epochs_of(new, number) for number in (7, 8)] == [9, 27]


def test_the_winner_is_trained_anew_first_whatever_it_won_by(folder: SweepFolder) -> None:
    config = searched(folder)
    write_checked_json(folder.result, {"best": {"trial": 2}})  # by its mean over other seeds, or as the default
    before = study_of(config, folder.path).records()
    new = longer(config, folder, max_epochs=27)
    assert new.space["start"] == [before[n].parameters for n in (2, 7, 6)]


def test_rungs_are_those_of_the_new_length_and_compare_these_trials_alone(folder: SweepFolder) -> None:
    config = searched(folder, trials=9)
    new = longer(config, folder, max_epochs=27, trials=18)
    records = run(new, folder)
    stops = {record.epoch for record in records[9:]}
    assert stops == {1, 3, 27}
    at_end = [record for record in records[9:] if record.epoch == 27]
    assert len(at_end) == 1  # a third of a third of nine: the nine trials of before take no place


def test_tpe_learns_from_shorter_trials_by_what_the_same_points_gained(folder: SweepFolder) -> None:
    config = searched(folder)
    new = longer(config, folder, max_epochs=27, trials=14)
    controller, study = begin(new, folder.path)
    while study.count < 11 or not study.record(10).values.get(3):
        number, _ = controller.next_trial() or (0, {})
        epoch = study.record(number).epoch
        while True:
            epoch += 1
            if controller.on_report(number, report_of(epoch, min(1.0, number / 40 + epoch / 100))).value == "STOP":
                break
    study._asker.look(study._scores.scores(), study.count, seed=0)
    seen = {trial.number: trial for trial in study._asker.get_trials(deepcopy=False)}
    assert not {5, 6, 7} & set(seen)  # they are there as the trials 8, 9 and 10
    assert {0, 1, 2, 3, 4, 8, 9, 10} <= set(seen)
    values = [seen[number].value for number in range(5)]
    assert values == sorted(values, key=lambda value: value or 0)
    assert all(value is not None and math.isfinite(value) for value in values)


def test_a_trial_that_had_begun_does_not_go_on_as_a_mixture_of_two_lengths(folder: SweepFolder) -> None:
    config = make_config(trials=8, space=SPACE, concurrency=2)
    config.save(folder.path)
    controller, _ = begin(config, folder.path)
    for number, epochs in ((0, 1), (1, 1), (2, 9)):  # it waits at a rung, it waits, and it has all its epochs
        controller.next_trial()
        for epoch in range(1, epochs + 1):
            controller.on_report(number, report_of(epoch, number / 10 + epoch / 100))
    told = Recorder()
    asked = GrowRequest(max_epochs=27)
    new = grown(config, folder, asked)
    announce(config, new, asked, folder, told)
    assert told.notes[1].startswith("new trials train at most 27 epochs instead of 9, first the best 3 points anew; ")
    assert told.notes[1].endswith("trials of 9 that had begun will not go on")
    begin_growth(new, folder)
    records = run(new, folder)
    assert [record.state for record in records[:3]] == ["PRUNED"] * 2 + [records[2].state]
    assert all(record.reason.endswith("the sweep went on with longer trials") for record in records[:2])
    assert all(record.epoch <= 9 for record in records[:3])
    assert (new.trials, len(records)) == (8, 8)


def test_the_winner_is_the_best_of_all_whatever_its_length(folder: SweepFolder) -> None:
    config = searched(folder)
    new = longer(config, folder, max_epochs=27, trials=10)
    controller, study = begin(new, folder.path)
    while drawn := controller.next_trial():
        for epoch in range(study.record(drawn[0]).epoch + 1, 28):
            if controller.on_report(drawn[0], report_of(epoch, 0.01)).value == "STOP":
                break
    best = best_of(study.records())
    assert best
    assert best.number == 7
    plan = ConfirmPlan.of([best], [1, 2], reshuffle=False, test="winner")
    plan.save(folder)
    confirming = Confirming(new, folder, plan)
    assert (confirming.config.epochs, first_of_length(confirming.config)) == (9, 0)


def test_what_is_left_to_train_is_counted_for_each_length(folder: SweepFolder) -> None:
    config = searched(folder)
    records = study_of(config, folder.path).records()
    spent = sum(len(record.values) for record in records)
    new = grown(config, folder, GrowRequest(max_epochs=27, trials=17))
    summary = summarise(new, records, set(), None)
    of_nine = summarise(make_config(trials=9, epochs=27, space=SPACE, concurrency=1), [], set(), None)
    assert (summary.epochs, summary.expected) == (spent, spent + of_nine.expected)
    assert summary.counts["queued"] == 9


def test_reports_compare_the_length_that_most_trials_have(folder: SweepFolder) -> None:
    config = searched(folder)
    new = longer(config, folder, max_epochs=27, trials=10)
    records = run(new, folder)
    found, of = compared(records, new)
    assert ([record.number for record in found], of.epochs) == (list(range(8)), 9)
    more = replace(new, trials=20)
    found, of = compared(run(more, folder), more)
    assert ([record.number for record in found], of.epochs) == (list(range(8, 20)), 27)


def test_a_sweep_grows_longer_twice_and_keeps_what_is_left_to_try(folder: SweepFolder) -> None:
    config = searched(folder)
    once = longer(config, folder, max_epochs=18)
    controller, _ = begin(once, folder.path)
    controller.next_trial()
    controller.on_report(8, report_of(1, 0.9))
    twice = longer(once, folder, max_epochs=27, overrides=("dropout=0.0..0.95",))
    assert lengths(twice) == [(0, 9), (8, 18), (9, 27)]
    records = run(twice, folder)
    assert records[8].epoch == 1
    assert max(record.epoch for record in records) == 27
    assert twice.trials == len(records)


def test_what_cannot_be_is_refused(folder: SweepFolder) -> None:
    config = searched(folder)
    for asked, words in (
        (GrowRequest(max_epochs=6), "--max-epochs 6: the trials of demo train 9 epochs already: give more"),
        (GrowRequest(max_epochs=9), "demo has 8 trials and all of them have ended"),
        (GrowRequest(max_epochs=27, trials=8), "--trials 8: demo has 8 trials already"),
    ):
        with pytest.raises(TunerError) as refused:
            grown(config, folder, asked)
        assert str(refused.value).startswith(words)
    grid = replace(config, sampler="grid", space={"epochs": 9, "params": {"dropout": {"choices": [0.1, 0.2]}}})
    with pytest.raises(TunerError, match="tries each point of a grid once"):
        grown(grid, folder, GrowRequest(max_epochs=27))
    with pytest.raises(TunerError, match="--max-epochs must be at least 1"):
        GrowRequest(max_epochs=0).check()
    assert GrowRequest(max_epochs=60).words() == ["--max-epochs", "60"]
    assert SweepConfig.load(folder.path) == config


def test_the_same_request_again_adds_no_length(folder: SweepFolder) -> None:
    config = searched(folder)
    new = longer(config, folder, max_epochs=27, trials=12)
    again = grown(new, folder, GrowRequest(max_epochs=27, trials=12))
    assert again == new
