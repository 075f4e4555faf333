"""A finished or interrupted sweep that gets more trials, or more time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_scores import made_up_winner
from support.made_up_search import Recorder, begin, drive, report_of, study_of

from tuner.core.budgets import BudgetRequest
from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.outcome import Outcome
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_result, read_winner, write_result
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import parse_seconds
from tuner.search.budgets import states_in
from tuner.search.study import Study
from tuner.search.study_reader import GPU_SPENT
from tuner.sweeps.finalize import no_winner
from tuner.sweeps.growth import (
    announce,
    begin_growth,
    grown,
    keep_result,
    plan_confirmation,
    same_winner,
    succeeding,
    with_more,
)
from tuner.sweeps.looks import looks_here

NAME = "demo"


@pytest.fixture
def folder(home: Path) -> SweepFolder:
    (home / NAME).mkdir(parents=True)
    return SweepFolder(home / NAME)


def search(config: SweepConfig, folder: SweepFolder, epochs: Counter[int]) -> Study:
    """Runs all of its trials, each the better the higher its number."""
    controller, study = begin(config, folder.path)
    drive(controller, epochs)
    controller.finish()
    return study


def finish(config: SweepConfig, folder: SweepFolder, study: Study, **changes: Any) -> None:
    """The sweep has a result, with its best trial as winner."""
    best = study.best()
    assert best
    folder.model.mkdir(exist_ok=True)
    winner = made_up_winner(best, **changes)
    write_result(Outcome(config=config, folder=folder.path, records=tuple(study.records()), winner=winner, seconds=1))


def finished(folder: SweepFolder, **changes: Any) -> tuple[SweepConfig, list[TrialRecord], Counter[int]]:
    """A sweep of six trials that has come to its end; how many epochs each has trained."""
    config, epochs = make_config(trials=6, **changes), Counter[int]()
    config.save(folder.path)
    study = search(config, folder, epochs)
    finish(config, folder, study)
    return config, study.records(), epochs


def test_old_trials_stay_as_they_are_and_new_ones_come_after_them(folder: SweepFolder) -> None:
    config, before, epochs = finished(folder)
    spent = dict(epochs)
    new = grown(config, folder, GrowRequest(trials=20))
    begin_growth(new, folder)
    assert SweepConfig.load(folder.path) == new
    assert not folder.result.exists()
    after = search(new, folder, epochs).records()
    assert (len(before), len(after)) == (6, 20)
    assert after[:6] == before
    assert {number: epochs[number] for number in spent} == spent
    assert {record.state for record in before} == {"COMPLETE", "PRUNED"}
    assert all(sorted(record.values) == list(range(1, record.epoch + 1)) for record in after)
    at_first_rung = [record for record in after if record.epoch >= 1]
    promoted = [record for record in at_first_rung if record.epoch > 1]
    assert len(promoted) <= -(-len(at_first_rung) // 3)  # the pruned ones of before count at their rungs


def test_new_points_are_drawn_with_what_the_old_trials_taught(folder: SweepFolder) -> None:
    space = {"epochs": 9, "params": {"lr": {"low": 0.0, "high": 1.0}}}
    config = make_config(trials=30, epochs=1, space=space)
    config.save(folder.path)

    def run(config: SweepConfig) -> list[float]:
        controller, study = begin(config, folder.path)
        while drawn := controller.next_trial():
            lr = float(drawn[1]["lr"])
            controller.on_report(drawn[0], report_of(1, 1 - abs(lr - 0.7)))
        return [float(record.parameters["lr"]) for record in study.records()]

    first = run(config)
    new = grown(config, folder, GrowRequest(trials=60))
    begin_growth(new, folder)
    later = run(new)
    assert later[:30] == first
    assert sum(abs(lr - 0.7) for lr in later[30:]) / 30 < sum(abs(lr - 0.7) for lr in first[:10]) / 10 / 2


def test_what_is_no_more_than_there_is_is_refused(folder: SweepFolder) -> None:
    config, _, _ = finished(folder)
    for asked, words in (
        (GrowRequest(trials=6), "--trials 6: demo has 6 trials already: to go on, give more: --trials 12"),
        (GrowRequest(trials=2), "--trials 2: demo has 6 trials already"),
        (
            GrowRequest(time_budget=9.0),
            "demo has 6 trials and all of them have ended: to go on, give more: --trials 12",
        ),
    ):
        with pytest.raises(TunerError, match=f"^{words}"):
            grown(config, folder, asked)
    alone = make_config(trials=1, space={"epochs": 9, "params": {"lr": 0.1}})
    with pytest.raises(TunerError, match=r"^--trials 9: demo trains one point alone"):
        grown(alone, folder, GrowRequest(trials=9))
    with pytest.raises(TunerError, match=r"^--patience must be at least 1, got 0"):
        GrowRequest(budgets=BudgetRequest(patience=0)).check()
    for trials in (0, 10**7):
        with pytest.raises(TunerError, match=f"^--trials must be at least 1 and at most 1000000, got {trials}"):
            GrowRequest(trials=trials).check()


def test_a_request_reaches_a_cluster_as_it_was_typed() -> None:
    for seconds in (0.5, 90.0, 3.6e6):
        _, budget = GrowRequest(time_budget=seconds).words()
        assert parse_seconds(budget, "--time-budget") == seconds
    assert GrowRequest(trials=40, time_budget=90.0).words()[:3] == ["--trials", "40", "--time-budget"]
    assert not GrowRequest().words()


def test_a_new_time_budget_counts_from_now_on_and_one_that_is_spent_must_be_renewed(folder: SweepFolder) -> None:
    config = make_config(trials=6, time_budget=40.0)
    config.save(folder.path)
    study = study_of(config, folder.path)
    study.ask()
    study.note_spent([30.0, 10.0])
    with pytest.raises(TunerError, match=r"^demo has spent its time budget of 40 s: add --time-budget"):
        grown(config, folder, GrowRequest(trials=9))
    new = grown(config, folder, GrowRequest(trials=9, time_budget=30.0))
    assert (new.trials, new.time_budget) == (9, 70.0)
    assert grown(config, folder, GrowRequest(time_budget=30.0)).trials == 6
    begin_growth(new, folder)
    told = Recorder()
    announce(config, new, GrowRequest(trials=9, time_budget=30.0), folder, told)
    controller, _ = begin(new, folder.path)
    assert [*told.notes, *controller.budgets.begun] == [
        "demo goes on: 9 trials instead of 6, of which it has 1",
        "30 s of the time budget of 70 s are left",
    ]
    assert not told.warnings


def test_a_sweep_without_a_budget_gets_one_from_now_on(folder: SweepFolder) -> None:
    config, _, _ = finished(folder)
    asked, told = GrowRequest(trials=9, time_budget=3600.0), Recorder()
    new = grown(config, folder, asked)
    assert new.time_budget == 3600.0
    announce(config, new, asked, folder, told)
    assert told.notes[1] == "the search may take 60 min from now on"


@pytest.mark.parametrize("kill_after", [0, 1, 2])
def test_a_kill_at_any_step_loses_neither_result_nor_plan(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch, kill_after: int
) -> None:
    config, records, _ = finished(folder)
    ConfirmPlan.of([records[5]], [1, 2], reshuffle=False, test="winner").save(folder)
    result, plan = read_result(folder.path), ConfirmPlan.load(folder)
    steps, replaced, saved = Counter[str](), Path.replace, SweepConfig.save

    def killed_before(step: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            steps["done"] += 1
            if steps["done"] > kill_after:
                raise KeyboardInterrupt
            return step(*arguments)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed_before(replaced))
        patch.setattr(SweepConfig, "save", killed_before(saved))
        with pytest.raises(KeyboardInterrupt):
            begin_growth(grown(config, folder, GrowRequest(trials=9)), folder)
    assert SweepConfig.load(folder.path) == config
    begin_growth(grown(config, folder, GrowRequest(trials=9)), folder)  # typed again
    assert SweepConfig.load(folder.path).trials == 9
    assert ConfirmPlan.load_earlier(folder) == plan
    winner = same_winner(folder, records[5], records)
    assert winner
    keep_result(Outcome(config=config, folder=folder.path, records=tuple(records), winner=winner, seconds=1))
    assert read_result(folder.path)["best"] == result["best"]
    assert not folder.earlier_result.exists()


def test_a_sweep_that_has_grown_is_listed_where_it_was(folder: SweepFolder) -> None:
    config, _, _ = finished(folder)
    os.utime(folder.config, (1000, 1000))
    begin_growth(grown(config, folder, GrowRequest(trials=9)), folder)
    assert folder.config.stat().st_mtime == 1000


def test_the_same_winner_keeps_its_scores_and_another_counts_the_looks_of_before(folder: SweepFolder) -> None:
    config, records, _ = finished(folder)
    best, told = records[5], Recorder()
    assert same_winner(folder, best, records) is None  # it has not grown
    assert succeeding(folder, made_up_winner(best), records, told).tested == 1
    begin_growth(grown(config, folder, GrowRequest(trials=9)), folder)
    assert looks_here(config.pair, "data", folder.home) == {config.uid: 1}  # also while it grows
    same = same_winner(folder, best, records)
    assert same
    assert (same.trial, same.tested) == (best, 1)
    assert same_winner(folder, records[4], records) is None
    other = succeeding(folder, made_up_winner(records[4]), records, told)
    assert (other.tested_before, other.tested) == (1, 2)
    assert told.notes == ["the winner is trial 4 now, no longer 5"]
    folder.report.mkdir()
    folder.report_page.touch()
    keep_result(Outcome(config=config, folder=folder.path, records=tuple(records), winner=other, seconds=1))
    assert read_winner(folder.path, records) == other
    assert looks_here(config.pair, "data", folder.home) == {config.uid: 2}
    assert not folder.report_page.exists()  # so that it is made anew, whatever happens next


def test_a_confirmation_stays_with_its_trial_alone(folder: SweepFolder) -> None:
    config, records, _ = finished(folder)
    plan, told = ConfirmPlan.of([records[5]], [1, 2], reshuffle=True, test="mean"), Recorder()
    plan.save(folder)
    begin_growth(grown(config, folder, GrowRequest(trials=9)), folder)
    assert ConfirmPlan.load(folder) is None  # the search is not over any more
    assert plan_confirmation(config, folder, records[5], told) == plan  # the result of before did not have it yet
    assert ConfirmPlan.load(folder) == plan
    begin_growth(grown(config, folder, GrowRequest(trials=9)), folder)
    assert plan_confirmation(config, folder, records[4], told) is None
    assert told.notes == [
        "trial 5 was confirmed, and is not the winner any more; to confirm the new winner: "
        "tuner confirm demo --seeds 2 --reshuffle --test-by mean"
    ]
    assert not folder.confirmation.path.exists()
    assert plan_confirmation(config, folder, records[4], told) is None


def test_a_sweep_that_confirms_its_winner_confirms_the_new_one(folder: SweepFolder) -> None:
    config, records, _ = finished(folder, confirm=3)
    told = Recorder()
    first = plan_confirmation(config, folder, records[5], told)
    assert first
    begin_growth(grown(config, folder, GrowRequest(trials=9)), folder)
    second = plan_confirmation(config, folder, records[4], told)
    assert second
    assert (first.trials, second.trials, len(second.seeds)) == ((5,), (4,), 3)
    assert ConfirmPlan.load(folder) == second
    assert not told.notes


def test_a_grid_gets_no_more_trials_than_it_has_points(folder: SweepFolder) -> None:
    space = {"epochs": 3, "params": {"dropout": {"choices": [0.0, 0.1, 0.2]}}}
    config = make_config(name=NAME, trials=2, epochs=3, space=space, sampler="grid")
    search(config, folder, Counter())
    with pytest.raises(TunerError, match="--trials 4: demo tries the points of a grid, and there are 3"):
        grown(config, folder, GrowRequest(trials=4))
    assert with_more(config, 2) == "tuner resume demo --trials 3"
    assert grown(config, folder, GrowRequest(trials=3)).trials == 3
    assert with_more(replace(config, trials=3), 3) == ""


def test_a_population_gets_no_more_trials(folder: SweepFolder) -> None:
    config = make_config(name=NAME, trials=3, epochs=3, scheduler="pbt")
    search(config, folder, Counter())
    with pytest.raises(TunerError, match=r"--trials 4: demo is a population of 3 .* which does not grow"):
        grown(config, folder, GrowRequest(trials=4))
    assert with_more(config, 3) == ""


def test_trials_that_have_begun_get_more_time_without_others(folder: SweepFolder) -> None:
    """Under ASHA all trials have begun long before the end."""
    config = make_config(name=NAME, trials=3, epochs=9, concurrency=3, time_budget=40.0)
    controller, study = begin(config, folder.path)
    for number in range(3):
        controller.next_trial()
        controller.on_report(number, report_of(1, number / 9))
    study.note_spent([40.0])
    for asked in (GrowRequest(time_budget=60.0), GrowRequest(trials=3, time_budget=60.0)):
        new = grown(config, folder, asked)
        assert (new.trials, new.time_budget) == (3, 100.0)
    words = (
        "--trials 3: demo has 3 trials already, and some have not ended: to let them go on: tuner resume demo; for new"
    )
    with pytest.raises(TunerError, match=words):
        grown(config, folder, GrowRequest(trials=3))


def test_the_command_for_more_trials_brings_time_where_the_sweep_has_a_budget() -> None:
    config = make_config(name=NAME, trials=6, time_budget=600.0)
    assert with_more(config, 6) == "tuner resume demo --trials 12 --time-budget 10m"


def test_a_budget_that_is_used_up_must_be_raised_and_the_message_names_the_option(folder: SweepFolder) -> None:
    config = make_config(name=NAME, trials=30, epoch_budget=20)
    study = search(config, folder, Counter())
    known = study.count
    assert known < 30
    assert with_more(config, known, states_in(config, study)) == "tuner resume demo --epoch-budget 40"
    assert with_more(config, 30, states_in(config, study)) == "tuner resume demo --trials 60 --epoch-budget 40"
    refusals = {
        GrowRequest(trials=40): "demo cannot go on: the epoch budget of 20 epochs is used up: 20 are trained: "
        "give more, such as --epoch-budget 40",
        GrowRequest(budgets=BudgetRequest(epoch_budget=19)): "--epoch-budget: the epoch budget of 19 epochs is used "
        "up: 20 are trained: give more, such as --epoch-budget 40",
        GrowRequest(budgets=BudgetRequest(epoch_budget=99, target_score=0.01)): "--target-score: the target score is "
        "0.01: the best so far is",
        GrowRequest(budgets=BudgetRequest(epoch_budget=99, gpu_budget=60.0)): "--gpu-budget: the trials of this sweep",
    }
    for asked, words in refusals.items():
        with pytest.raises(TunerError, match=f"^{words}"):
            grown(config, folder, asked)
    asked = GrowRequest(budgets=BudgetRequest(epoch_budget=50, target_score=0.99, patience=40))
    new = grown(config, folder, asked)
    assert (new.trials, new.epoch_budget, new.target_score, new.patience) == (30, 50, 0.99, 40)
    assert GrowRequest().words() == []
    assert asked.words() == ["--epoch-budget", "50", "--target-score", "0.99", "--patience", "40"]


def test_a_larger_budget_reaches_the_trials_that_have_not_begun(folder: SweepFolder) -> None:
    config, epochs = make_config(name=NAME, trials=30, epoch_budget=20), Counter[int]()
    config.save(folder.path)
    before = search(config, folder, epochs).records()
    finish(config, folder, study_of(config, folder.path))
    new = grown(config, folder, GrowRequest(budgets=BudgetRequest(epoch_budget=45)))
    begin_growth(new, folder)
    study = search(SweepConfig.load(folder.path), folder, epochs)
    assert study.records()[: len(before)] == before
    assert (sum(epochs.values()), study.ended_by) == (45, "epoch_budget")


def test_a_sweep_with_gpus_that_had_no_gpu_budget_gets_one_that_counts_what_it_has_used(folder: SweepFolder) -> None:
    config = make_config(name=NAME, trials=6, gpus_per_trial=1.0)
    study = study_of(config, folder.path)
    study.ask()
    study.note_spent([3000.0, 600.0], GPU_SPENT)
    with pytest.raises(TunerError, match=r"^--gpu-budget: the GPU budget of 60 min is spent: give more, such as .* 2h"):
        grown(config, folder, GrowRequest(budgets=BudgetRequest(gpu_budget=3600.0)))
    assert grown(config, folder, GrowRequest(budgets=BudgetRequest(gpu_budget=7200.0))).gpu_budget == 7200.0


def test_where_no_trial_fulfills_the_constraints_the_command_to_go_on_gives_more_of_a_used_up_budget(
    folder: SweepFolder,
) -> None:
    config = make_config(name=NAME, trials=30, epoch_budget=20, constraint="val_accuracy>=0.999")
    config.save(folder.path)
    study = search(config, folder, Counter())
    told = str(no_winner(config, study, folder.path))
    assert told.startswith("no trial fulfills val_accuracy>=0.999; the nearest is trial ")
    assert told.endswith("; to search on: tuner resume demo --epoch-budget 40")
    assert grown(config, folder, GrowRequest(budgets=BudgetRequest(epoch_budget=40))).epoch_budget == 40
