"""Finalists: which trials they are, what is trained, and how their means choose the winner, whatever is killed."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console
from support.checkpoints import save_constant_model
from support.common import make_config, make_record
from support.digits import some_digits
from support.made_up_scores import made_up_winner
from support.made_up_search import Recorder, report_of, study_of

from tuner.cli.confirm_output import print_confirmed, print_confirming
from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.confirmation import ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.finalists import Finalists, finalists_of, with_finalists
from tuner.core.finalists_text import decision_text, finalist_text, finalists_announcement
from tuner.core.kept_checkpoints import compared_at_end
from tuner.core.objective import Goal, Objective
from tuner.core.outcome import Outcome
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_winner, write_result
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.core.sweep_request import SweepRequest
from tuner.data.spec import Splits
from tuner.execution.jobs.upload import command_words
from tuner.report.page_finalists import finalists_block
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.whole import WholeTrials
from tuner.search.study import Study
from tuner.search.summary import summarise
from tuner.sweeps.confirmation import is_pending, plan_more
from tuner.sweeps.confirming import Trainings
from tuner.sweeps.finalists import best_trial, compare_finalists, plan_finalists, tell_undecided
from tuner.sweeps.finalize import find_winner, with_confirmation
from tuner.sweeps.growth import begin_growth
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.status import Status

ACCURACY = Goal()


def scored(number: int, *scores: float, state: str = "COMPLETE", losses: tuple[float, ...] = ()) -> TrialRecord:
    metrics = {
        epoch: {"val_accuracy": score, "val_loss": losses[epoch - 1] if losses else 1 - score, "time": 1.0}
        for epoch, score in enumerate(scores, 1)
    }
    return make_record(number, state, metrics, "" if state == "COMPLETE" else "it exploded")


SEARCHED = [scored(0, 0.5), scored(1, 0.9), scored(2, 0.8), scored(3, 0.7)]


def plan_of(*trials: int, seeds: int = 2) -> ConfirmPlan:
    plan = ConfirmPlan.of([SEARCHED[n] for n in trials], range(1, seeds + 1), reshuffle=False, test="winner")
    return replace(plan, finalists=plan.trials)


@pytest.mark.parametrize(
    ("confirm", "finalists", "seeds", "test", "words"),
    [
        (None, 1, None, "winner", "--finalists must be at least 2, got 1"),
        (None, 3, 1, "winner", "--seeds must be at least 2 and at most 1000, got 1"),
        (None, 3, 3, "mean", "--finalists: the finalists are not tested, only the winner is: leave --test-by out"),
        (4, 3, None, "winner", "--finalists confirms its winner, since each has other seeds: leave --confirm out"),
        (None, None, 4, "winner", "--seeds is about finalists: add --finalists 3, or confirm the winner: --confirm 4"),
    ],
)
def test_impossible_finalists_are_refused(
    confirm: int | None, finalists: int | None, seeds: int | None, test: str, words: str
) -> None:
    with pytest.raises(TunerError, match=f"^{re.escape(words)}$"):
        ConfirmRequest.of_sweep(confirm, finalists, seeds, reshuffle=False, test=test)


def test_a_search_whose_winner_no_mean_can_choose_has_no_finalists() -> None:
    request = SweepRequest(dataset="digits", model="cnn", confirm=ConfirmRequest(seeds=3, finalists=2))
    request.check()
    replace(request, objective="val_loss").check()
    for other, words in (
        (replace(request, scheduler="pbt"), "^--scheduler pbt: --finalists would train"),
        (replace(request, objective="val_loss,parameters"), "^--finalists takes one objective"),
        (replace(request, objective="parameters"), "^--finalists: parameters is the same with each seed"),
    ):
        with pytest.raises(TunerError, match=words):
            other.check()


def test_the_options_go_to_a_cluster_and_come_back() -> None:
    asked = ConfirmRequest.of_sweep(None, 4, None, reshuffle=True, test="winner")
    assert asked == ConfirmRequest(seeds=3, finalists=4, reshuffle=True)
    words = command_words("sweep", SweepRequest(dataset="digits", model="cnn", confirm=asked), as_json=False)
    at = words.index("--finalists")
    assert words[at : at + 5] == ["--finalists", "4", "--seeds", "3", "--reshuffle"]
    assert "--confirm" not in words
    assert ConfirmRequest.of_sweep(5, None, None, reshuffle=False, test="mean") == ConfirmRequest(seeds=5, test="mean")
    assert ConfirmRequest.of_sweep(None, None, None, reshuffle=False, test="winner") is None


def test_an_earlier_sweep_has_no_finalists(tmp_path: Path) -> None:
    make_config().save(tmp_path)
    assert SweepConfig.load(tmp_path).finalists == 0
    plan = ConfirmPlan.of(SEARCHED[:1], [1], reshuffle=False, test="winner")
    plan.save(SweepFolder(tmp_path))
    assert ConfirmPlan.load(SweepFolder(tmp_path)) == plan
    assert not plan.finalists


def numbers(config: SweepConfig, records: list[TrialRecord]) -> list[int]:
    return [record.number for record in finalists_of(config, records)]


def test_finalists_are_the_best_trials_that_were_trained_in_full() -> None:
    config = make_config(finalists=3)
    assert numbers(config, SEARCHED) == [1, 2, 3]
    assert numbers(config, []) == []
    assert numbers(config, [scored(0, 0.9, state="FAIL")]) == []
    pruned = [scored(0, 0.5), scored(1, 0.6, state="PRUNED"), scored(2, 0.8, state="FAIL"), scored(3, 0.55)]
    assert numbers(config, pruned) == [1, 3, 0], "the best trial is one in any case"
    assert numbers(config, [*pruned, scored(4, 0.7)]) == [4, 3, 0], "a pruned one that is not the best is none"
    bounded = [replace(each, goal=Goal.parse("val_accuracy", "val_loss>=0.15")) for each in SEARCHED]
    assert numbers(config, bounded) == [2, 3, 0], "one that violates a constraint cannot win"
    longer = replace(config, epochs=18, earlier=[{"trials": 2, "epochs": 9, "space": config.space, "defaults": {}}])
    assert numbers(longer, SEARCHED) == [1, 0], "all have as many epochs as the best trial has"


def test_the_checkpoints_of_all_that_can_become_finalists_are_kept(tmp_path: Path) -> None:
    folder, scores = SweepFolder(tmp_path), [0.1, 0.9, 0.3, 0.8, 0.7, 0.2]
    space = {**SPACE, "epochs": 1}
    config = make_config(trials=6, epochs=1, concurrency=1, finalists=3, scheduler="none", space=space, default=True)
    study = study_of(config, folder.path)
    keeps = with_finalists(config, compared_at_end(config))
    controller = Controller(config, study, make_scheduler(config), folder, Callback(), keeps)
    for score in scores:
        drawn = controller.next_trial()
        assert drawn
        checkpoint_folder(folder.trials, drawn[0]).mkdir(parents=True)
        controller.on_report(drawn[0], report_of(1, score))
    controller.finish()
    left = {int(each.name) for each in folder.trials.iterdir()}
    assert left == {0, 1, 3, 4} == {0, *numbers(config, study.records())}, "trial 0 is the default"
    longer = replace(config, epochs=2, earlier=[{"trials": 3, "epochs": 1, "space": config.space, "defaults": {}}])
    kept = with_finalists(replace(longer, finalists=2), compared_at_end(longer))(study.records())
    assert kept == {0, 1, 2, 3, 4}, "two of each number of epochs"


SPACE = {"params": {"dropout": {"low": 0.0, "high": 0.9}}}


def test_the_best_mean_over_the_same_seeds_wins() -> None:
    plan = plan_of(1, 2, 3)
    records = [scored(0, 0.5), scored(1, 0.7, 0.9), scored(2, 0.8), scored(3, 0.6), scored(4, 0.7), scored(5, 0.8)]
    found = compare_finalists(ACCURACY, plan, records, SEARCHED)
    assert (found.best, found.seeds, found.asked) == (2, (1, 2), 2)
    assert [(each.trial, each.own) for each in found.trials] == [(2, 0.8), (3, 0.7), (1, 0.9)]
    means = [each.score.mean for each in found.trials if each.score]
    assert means == pytest.approx([0.8, 0.8, 0.55]), "of equal means the better one of the search is first"
    assert Finalists.from_json(found.to_json()) == found
    split = compare_finalists(ACCURACY, replace(plan, reshuffle=True), records, SEARCHED)
    assert [bool(each.score and each.score.interval) for each in (*found.trials, *split.trials)] == [True] * 3 + [
        False
    ] * 3
    assert decision_text(found) == (
        "trial 2 has the best mean val_accuracy of 3 trials, over 2 other seeds; it was chosen for that mean, so a "
        "part of it is luck"
    )
    assert finalist_text(found, found.trials[0]) == "mean 0.8000, sd 0.1414; 0.8000 in the search"
    html = str(finalists_block(found).html)
    assert html.index(">2<") < html.index(">3<") < html.index(">1<")


def test_the_objective_decides_in_its_direction() -> None:
    plan = plan_of(1, 2, seeds=1)
    records = [scored(0, 0.9, losses=(2.0,)), scored(1, 0.1, losses=(1.5,))]
    loss = compare_finalists(Goal((Objective("val_loss", "min"),)), plan, records, SEARCHED)
    assert (loss.best, loss.objective) == (2, "val_loss")
    assert loss.trials[0].score
    assert loss.trials[0].score.mean == 1.5
    assert compare_finalists(ACCURACY, plan, records, SEARCHED).best == 1


def test_a_finalist_with_a_failed_training_cannot_win() -> None:
    plan = plan_of(1, 2)
    records = [scored(0, 0.9), scored(1, 0.5), scored(2, 0.9, state="FAIL"), scored(3, 0.6)]
    found = compare_finalists(ACCURACY, plan, records, SEARCHED)
    assert (found.best, found.seeds) == (2, (1, 2))
    assert (found.trials[1].trial, found.trials[1].score, found.trials[1].failed) == (1, None, "1 x it exploded")
    assert finalist_text(found, found.trials[1]) == "not compared: 1 x it exploded; 0.9000 in the search"
    assert "Trial 1 is not compared: 1 x it exploded." in finalists_block(found).caption
    none = compare_finalists(ACCURACY, plan, [replace(each, state="FAIL") for each in records], SEARCHED)
    told = Recorder()
    tell_undecided(none, told)
    assert none.best is None
    assert told.warnings == [
        "the finalists do not choose the winner, since a training of each of them failed or violates a constraint: it "
        "is the best trial of the search"
    ]


def test_a_finalist_of_which_a_training_violates_a_constraint_cannot_win() -> None:
    goal, plan = Goal.parse("val_accuracy", "val_loss<=1.0"), plan_of(1, 2)
    records = [
        scored(0, 0.9, losses=(0.4,)),
        scored(1, 0.5, losses=(0.4,)),
        scored(2, 0.9, losses=(1.5,)),
        scored(3, 0.6, losses=(0.4,)),
    ]
    found = compare_finalists(goal, plan, records, SEARCHED)
    assert (found.best, found.seeds) == (2, (1, 2))
    assert found.trials[1].failed == "1 x val_loss 1.5000 (must be at most 1.0000)"
    assert compare_finalists(ACCURACY, plan, records, SEARCHED).best == 1


def test_trainings_that_were_stopped_leave_the_seeds_that_all_have() -> None:
    plan = plan_of(1, 2)
    records = [scored(0, 0.6), scored(1, 0.5), scored(2, 0.1), scored(3, 0.9, state="PRUNED")]
    found = compare_finalists(ACCURACY, plan, records, SEARCHED)
    assert (found.best, found.seeds) == (1, (1,))
    assert "over 1 other seed of 2; " in decision_text(found)
    for few in (records[:1], []):
        none, told = compare_finalists(ACCURACY, plan, few, SEARCHED), Recorder()
        tell_undecided(none, told)
        assert (none.best, [each.score for each in none.trials]) == (None, [None, None])
        assert "no seed is one with which all of them were trained" in told.warnings[0]
        assert Finalists.from_json(none.to_json()) == none


def finished_search(config: SweepConfig, folder: SweepFolder, scores: list[float]) -> Study:
    study = study_of(config, folder.path)
    controller = Controller(
        config, study, make_scheduler(config), folder, Callback(), with_finalists(config, compared_at_end(config))
    )
    for score in scores:
        drawn = controller.next_trial()
        assert drawn
        controller.on_report(drawn[0], report_of(1, score))
    controller.finish()
    return study


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    CONFIG.save(tmp_path)
    return SweepFolder(tmp_path)


CONFIG = make_config(
    trials=4, epochs=1, concurrency=1, finalists=3, confirm=2, scheduler="none", space={**SPACE, "epochs": 1}
)


def train_next(config: SweepConfig, folder: SweepFolder, scores: dict[tuple[int, int], float]) -> bool:
    """One process: it trains one finalist with one seed, and is killed. Returns whether anything was left to do."""
    trainings = Trainings.of(config, folder, study_of(config, folder.path), Callback())
    assert trainings.searched
    confirming = trainings.confirming
    assert confirming
    controller = Controller(confirming.config, confirming.study, WholeTrials(), confirming.folder, Callback())
    drawn = controller.next_trial()
    if drawn is None:
        controller.finish()
        return False
    point = confirming.plan.points[drawn[0]]
    assert drawn[1] == trainings.study.record(point.trial).parameters
    controller.on_report(drawn[0], report_of(1, scores[point.trial, point.seed]))
    return True


def test_killed_after_any_training_they_go_on_and_choose_alike(folder: SweepFolder) -> None:
    study = finished_search(CONFIG, folder, [0.1, 0.9, 0.8, 0.7])
    plan = plan_finalists(CONFIG, folder, study, Callback())
    assert plan == ConfirmPlan.load(folder)
    assert plan
    assert [(point.trial, point.seed) for point in plan.points] == [(n, seed) for seed in (1, 2) for n in (1, 2, 3)]
    scores = {(1, 1): 0.5, (1, 2): 0.5, (2, 1): 0.6, (2, 2): 0.6, (3, 1): 0.9, (3, 2): 0.2}
    best = []
    while train_next(CONFIG, folder, scores):
        trainings = Trainings.of(CONFIG, folder, study_of(CONFIG, folder.path), Callback())
        chosen = best_trial(CONFIG, trainings)
        assert chosen
        best.append(chosen.number)
    assert best == [1, 1, 3, 3, 3, 2], "the best of the search, until all have one seed, and then all have two"
    trainings = Trainings.of(CONFIG, folder, study_of(CONFIG, folder.path), Callback())
    assert trainings.confirming
    assert [record.confirms for record in trainings.confirming.records()] == [1, 1, 1, 2, 2, 2]
    assert trainings.confirming.announcement() == (
        "finalists: trials 1, 2 and 3, each with 2 other seeds (1 to 2): all trained already"
    )
    assert finalists_announcement(plan, 6, 4, 2).endswith(": 6 trainings of 4 epochs, 2 at a time")


def test_a_sweep_that_grows_trains_new_finalists_alone(folder: SweepFolder) -> None:
    study = finished_search(CONFIG, folder, [0.1, 0.9, 0.8, 0.7])
    first = plan_finalists(CONFIG, folder, study, Callback())
    assert first
    while train_next(CONFIG, folder, {(point.trial, point.seed): 0.5 for point in first.points}):
        pass
    grown = replace(CONFIG, trials=5)
    begin_growth(grown, folder)
    assert ConfirmPlan.load(folder) is None
    study = finished_search(grown, folder, [0.85])
    second = plan_finalists(grown, folder, study, Callback())
    assert second
    assert (second.finalists, second.uid, second.points[:6]) == ((1, 4, 2), first.uid, first.points)
    assert [(point.trial, point.seed) for point in second.points[6:]] == [(4, 1), (4, 2)]
    assert not folder.earlier_plan.exists()
    assert train_next(grown, folder, {(4, 1): 0.6})
    assert train_next(grown, folder, {(4, 2): 0.6})
    assert not train_next(grown, folder, {})
    trainings = Trainings.of(grown, folder, study, Callback())
    assert (found := best_trial(grown, trainings))
    assert found.number == 4


def test_who_had_the_best_mean_before_a_sweep_grew_stays_a_finalist(folder: SweepFolder) -> None:
    study = finished_search(CONFIG, folder, [0.1, 0.9, 0.8, 0.7])
    first = plan_finalists(CONFIG, folder, study, Callback())
    assert first
    while train_next(CONFIG, folder, {(p.trial, p.seed): 0.9 if p.trial == 3 else 0.5 for p in first.points}):
        pass
    grown = replace(CONFIG, trials=6)
    begin_growth(grown, folder)
    study = finished_search(grown, folder, [0.85, 0.75])
    second = plan_finalists(grown, folder, study, Callback())
    assert second
    assert second.finalists == (1, 4, 2, 3), "its own score is the fifth"
    assert [(point.trial, point.seed) for point in second.points[6:]] == [(4, 1), (4, 2)]
    assert with_finalists(grown, compared_at_end(grown), first.finalists)(study.records()) >= {1, 2, 3, 4}
    while train_next(grown, folder, {(4, 1): 0.6, (4, 2): 0.6}):
        pass
    trainings = Trainings.of(grown, folder, study, Callback())
    assert (found := best_trial(grown, trainings))
    assert found.number == 3


def test_a_sweep_that_grows_trains_all_anew_where_a_training_was_stopped(folder: SweepFolder) -> None:
    study = finished_search(CONFIG, folder, [0.1, 0.9, 0.8, 0.7])
    first = plan_finalists(CONFIG, folder, study, Callback())
    assert first
    trainings = Trainings.of(CONFIG, folder, study, Callback())
    assert trainings.confirming
    trainings.confirming.study.ask()
    trainings.confirming.study.tell(0, "PRUNED", "the sweep was stopped")
    begin_growth(replace(CONFIG, trials=5), folder)
    second = plan_finalists(CONFIG, folder, study, Callback())
    assert second
    assert (second.trials, second.uid != first.uid) == (first.trials, True)
    assert not folder.confirmation.journal.exists()


def test_a_search_with_fewer_finalists_than_asked_for_says_so(folder: SweepFolder) -> None:
    told, config = Recorder(), replace(CONFIG, finalists=4)
    study = finished_search(config, folder, [0.1, 0.9, float("nan"), 0.7])
    plan = plan_finalists(config, folder, study, told)
    assert plan
    assert plan.finalists == (1, 3, 0)
    assert told.notes == ["there are only 3 of 4 finalists: one is a trial that was trained in full"]
    (folder.path / "empty").mkdir()
    assert plan_finalists(config, folder, study_of(config, folder.path / "empty"), told) is None


def test_a_finished_sweep_has_its_finalists_and_is_not_confirmed_again(folder: SweepFolder) -> None:
    plan = plan_of(1, 2)
    plan.save(folder)
    write_checked_json(folder.result, {"confirm": None})
    assert is_pending(folder)
    records = [scored(0, 0.6), scored(1, 0.7), scored(2, 0.6), scored(3, 0.7)]
    found = compare_finalists(ACCURACY, plan, records, SEARCHED)
    winner = made_up_winner(SEARCHED[2], finalists=found)
    write_result(Outcome(config=make_config(), folder=folder.path, records=tuple(SEARCHED), winner=winner, seconds=1.0))
    assert not is_pending(folder)
    assert read_winner(folder.path, SEARCHED).finalists == found
    replace(plan, finalists=(1,)).save(folder)
    assert is_pending(folder), "with other finalists it is not what the plan comes to"
    words = r"^the sweep demo has trained 1 finalist with 2 other seeds: that confirms its winner$"
    with pytest.raises(TunerError, match=words):
        plan_more(make_config(), folder, SEARCHED[1], ConfirmRequest(seeds=5))
    words = r"seeds; its winner, the default, is none of them; to confirm it anew, delete .*/confirm$"
    with pytest.raises(TunerError, match=words):
        plan_more(make_config(), folder, SEARCHED[0], ConfirmRequest(seeds=5))
    out = Console(file=StringIO(), width=200)
    print_confirmed(winner, out)
    assert out.file.getvalue().splitlines()[1:] == [  # type: ignore[attr-defined]
        "          trial 2: mean 0.7000, sd 0.0000; 0.8000 in the search",
        "          trial 1: mean 0.6000, sd 0.0000; 0.9000 in the search",
    ]


def test_the_status_says_how_many_trainings_are_done() -> None:
    status = Status(
        config=make_config(finalists=2, confirm=2),
        state="running",
        reason="",
        summary=summarise(make_config(), [], set(), None),
        seconds=None,
        confirm_states={"done": 1, "running": 3},
    )
    for state, line in (("running", "finalists 1 of 4 trainings done\n"), ("finished", "")):
        out = Console(file=StringIO(), width=200)
        print_confirming(replace(status, state=state), out)
        assert out.file.getvalue() == line  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def digits() -> Splits:
    return some_digits()


@pytest.mark.parametrize("default", [False, True])
def test_the_model_is_that_of_the_finalist_with_the_best_mean(
    folder: SweepFolder, digits: Splits, default: bool
) -> None:
    """Real models: each trial says one class. The default, trial 0, is no finalist, and beats the one that wins."""
    params = {"width": 0.125, "lr": {"low": 0.01, "high": 0.1}}
    config = replace(CONFIG, finalists=2, default=default, space={"epochs": 1, "params": params})
    counts = torch.bincount(digits.validation.targets)
    for number, label in enumerate((int(counts.argmax()), 1, int(counts.argmin()))):
        save_constant_model(folder.trials, number, digits, torch.eye(10)[label])
    config = replace(config, trials=3)
    study = finished_search(config, folder, [0.1, 0.9, 0.8])
    plan = plan_finalists(config, folder, study, Callback())
    assert plan
    while train_next(config, folder, {(1, 1): 0.5, (1, 2): 0.5, (2, 1): 0.6, (2, 2): 0.7}):
        pass
    trainings, events = Trainings.of(config, folder, study, Callback()), Callbacks([])
    winner = find_winner(config, SweepInputs(digits, {}), trainings, folder, None, events)
    winner = with_confirmation(config, trainings.confirming, winner, digits, folder, None, events)
    assert winner.finalists
    assert winner.finalists.best == 2
    if default:
        assert winner.default
        assert (winner.trial.number, winner.default.best, winner.default.registered) == (0, 2, True)
        assert winner.confirm is None
        return
    assert (winner.trial.number, winner.val_luck) == (2, None)
    assert winner.confirm
    assert winner.confirm.score
    assert winner.confirm.trial == 2
    assert winner.confirm.score.mean == pytest.approx(0.65)
    assert winner.scores.main == pytest.approx(float((digits.test.targets == counts.argmin()).float().mean()))
