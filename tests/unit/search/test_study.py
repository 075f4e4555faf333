"""The study: what a sweep remembers, in the real journal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial
from support.made_up_trials import CONDITIONAL

from tuner.core.records import Value, best_of
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space
from tuner.search.study import Study

SPACE = {
    "epochs": 9,
    "params": {
        **CONDITIONAL,
        "dropout": {"low": 0.0, "high": 0.5},
        "depth": 20,
    },
}


@pytest.fixture
def space() -> SearchSpace:
    return parse_space(SPACE, "test")


def open_study(folder: Path, space: SearchSpace, seed: int = 0) -> Study:
    return Study(folder / "study.log", space, seed=seed, trials=30)


def stored_in(study: Study) -> list[FrozenTrial]:
    """The trials of Optuna's own study."""
    return study._study.get_trials(deepcopy=False)


def as_seen(study: Study) -> list[FrozenTrial]:
    """The trials as the sampler would see them now."""
    study._asker.look(study._scores.scores(), study.count, seed=0)
    return study._asker.get_trials(deepcopy=False)


def metrics(epoch: int, score: float, loss: float = 1.0) -> dict[str, float]:
    names = ("train_loss", "train_accuracy", "lr", "epoch_seconds")
    return {"epoch": epoch, "val_accuracy": score, "val_loss": loss, **dict.fromkeys(names, 0.5)}


def test_what_is_asked_reported_and_told_is_there_in_a_new_process(tmp_path: Path, space: SearchSpace) -> None:
    study = open_study(tmp_path, space)
    number, parameters = study.ask()
    study.report(number, metrics(1, 0.4))
    study.report(number, metrics(2, 0.6))
    study.tell(number, "PRUNED", "not promoted")
    again = open_study(tmp_path, space).record(number)
    assert again.parameters == parameters
    assert set(parameters) == {"optimizer", "lr", "dropout", "depth"}
    assert (again.state, again.reason, again.values) == ("PRUNED", "not promoted", {1: 0.4, 2: 0.6})
    assert again.metrics[2]["train_loss"] == 0.5
    assert again.finished == again.metrics[2]["time"]


def test_an_epoch_that_is_known_is_not_written_again(tmp_path: Path, space: SearchSpace) -> None:
    study = open_study(tmp_path, space)
    number, _ = study.ask()
    assert study.report(number, metrics(1, 0.4)) is not None
    assert study.report(number, metrics(1, 0.9)) is None
    assert study.record(number).values == {1: 0.4}


def test_asha_stopped_trials_are_pruned_with_all_their_epochs_and_never_complete(
    tmp_path: Path, space: SearchSpace
) -> None:
    """OptunaSearch tells such a trial COMPLETE with its low-epoch value, which TPE then takes for a final one."""
    study = open_study(tmp_path, space)
    number, _ = study.ask()
    study.report(number, metrics(1, 0.4))
    study.tell(number, "PRUNED")
    [frozen] = optuna.load_study(
        study_name="sweep",
        storage=optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(tmp_path / "study.log"))),
    ).trials
    assert frozen.state == optuna.trial.TrialState.PRUNED
    assert frozen.intermediate_values == {1: 0.4}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_kept_out_of_the_ranking(tmp_path: Path, space: SearchSpace, bad: float) -> None:
    """With OptunaSearch NaN leaves the trial RUNNING for ever, and +inf makes it the best."""
    study = open_study(tmp_path, space)
    (good, _), (broken, _) = study.ask(), study.ask()
    study.report(good, metrics(1, 0.4))
    study.report(broken, metrics(1, bad))
    study.tell(broken, "FAIL", f"val_accuracy is {bad}")
    study.tell(good, "COMPLETE")
    best = study.best()
    assert best is not None
    assert best.number == good
    assert study.record(broken).state == "FAIL"


def test_the_best_trial_may_be_a_pruned_one_and_ties_go_to_the_lower_loss(tmp_path: Path, space: SearchSpace) -> None:
    study = open_study(tmp_path, space)
    numbers = [study.ask()[0] for _ in range(3)]
    for number, (score, loss) in zip(numbers, [(0.8, 0.5), (0.9, 0.4), (0.9, 0.3)], strict=True):
        study.report(number, metrics(1, score, loss))
    study.tell(numbers[0], "COMPLETE")
    study.tell(numbers[2], "PRUNED")
    best = best_of(study.records())
    assert best is not None
    assert best.number == numbers[2]


def test_without_a_note_the_kept_epoch_is_the_highest_then_the_one_with_the_lowest_loss(
    tmp_path: Path, space: SearchSpace
) -> None:
    study = open_study(tmp_path, space)
    number, _ = study.ask()
    for epoch, (score, loss) in enumerate([(0.7, 0.1), (0.9, 0.3), (0.9, 0.2), (0.8, 0.1)], 1):
        study.report(number, metrics(epoch, score, loss))
    assert study.record(number).best_epoch == 3


def test_the_kept_epoch_is_the_one_that_the_training_told(tmp_path: Path, space: SearchSpace) -> None:
    """A sweep of an earlier version did not note it, and may go on in the middle of a trial."""
    study = open_study(tmp_path, space)
    number, _ = study.ask()
    told = [(0.7, 0), (0.9, 0), (0.8, 0), (0.85, 4), (0.95, 5), (0.94, 6)]
    for epoch, (score, kept) in enumerate(told, 1):
        stored = study.report(number, metrics(epoch, score), kept_epoch=kept)
        assert stored is not None
        assert set(stored) == {"time", *metrics(epoch, score)}
    for record in (study.record(number), open_study(tmp_path, space).record(number)):
        assert [record.best_epoch_until(epoch) for epoch in range(1, 7)] == [1, 2, 2, 4, 5, 6]
        assert (record.best_epoch, record.score) == (6, 0.94)
        assert set(record.metrics[6]) == {"time", *metrics(6, 0.94)}
    study.tell(number, "COMPLETE")
    assert stored_in(study)[0].value == 0.94


def test_a_sweep_that_is_interrupted_anywhere_draws_what_an_uninterrupted_one_would(
    tmp_path: Path, space: SearchSpace
) -> None:
    def run(folder: Path, *, reopen: bool) -> list[dict[str, Value]]:
        folder.mkdir()
        study, drawn = open_study(folder, space, seed=7), []
        for _ in range(16):
            number, parameters = study.ask()
            drawn.append(dict(parameters))
            study.report(number, metrics(1, float(str(parameters["dropout"]))))
            study.tell(number, "COMPLETE" if number % 3 else "PRUNED")
            if reopen:
                study = open_study(folder, space, seed=7)
        return drawn

    assert run(tmp_path / "a", reopen=False) == run(tmp_path / "b", reopen=True)


def test_a_trial_that_goes_on_keeps_its_parameters_and_half_drawn_ones_are_completed(
    tmp_path: Path, space: SearchSpace
) -> None:
    study = open_study(tmp_path, space)
    number, parameters = study.ask()
    half = study._asker.ask()  # a kill between two parameters leaves such a trial
    half.suggest_categorical("optimizer", ["sgd", "adam"])
    again = open_study(tmp_path, space)
    assert again.reissue(number) == (number, parameters)
    completed = again.reissue(half.number)[1]
    assert completed["optimizer"] == half.params["optimizer"]
    assert set(completed) == set(parameters)


def test_the_sampler_counts_waiting_trials_with_what_they_reached(tmp_path: Path, space: SearchSpace) -> None:
    """Optuna's constant liar takes RUNNING trials for bad ones: the leading one would push the search away."""
    study = open_study(tmp_path, space)
    waiting, fresh = study.ask()[0], study.ask()[0]
    study.report(waiting, metrics(1, 0.9))
    states = {trial.number: trial.state.name for trial in as_seen(study)}
    assert states == {waiting: "COMPLETE", fresh: "RUNNING"}
    assert study.record(waiting).state == "RUNNING"


def test_the_sampler_tells_equal_accuracies_apart_by_their_loss_and_the_study_keeps_the_accuracy(
    tmp_path: Path, space: SearchSpace
) -> None:
    study = open_study(tmp_path, space)
    numbers = [study.ask()[0] for _ in range(4)]
    for number, (score, loss) in zip(numbers, [(0.5, 193.0), (0.5, 1.44), (0.5, 0.757), (0.6, 3410.0)], strict=True):
        study.report(number, metrics(1, score, loss))
    for number in numbers[1:3]:
        study.tell(number, "COMPLETE")
    scores = [trial.value or 0.0 for trial in as_seen(study)]
    assert scores[0] < scores[1] < scores[2] < scores[3]
    assert scores == pytest.approx([0.5, 0.5, 0.5, 0.6], abs=1e-8)
    kept = stored_in(study)
    assert [trial.intermediate_values[1] for trial in kept] == [0.5, 0.5, 0.5, 0.6]
    assert [trial.value for trial in kept[1:3]] == [0.5, 0.5]


def late_distance(
    folder: Path, metrics_at: Callable[[float], dict[str, float]], states: tuple[str, ...] = ("COMPLETE",)
) -> float:
    """How far from 0.2 the last 20 of 40 trials are drawn on average, where metrics depend on that distance.

    Trials end in the states in turn.
    """
    space = parse_space({"epochs": 1, "params": {"dropout": {"low": 0.0, "high": 1.0}}}, "test")
    study = Study(folder / "study.log", space, seed=3, trials=40)
    distances = []
    for _ in range(40):
        number, parameters = study.ask()
        distances.append(abs(float(parameters["dropout"]) - 0.2))
        study.report(number, metrics_at(distances[-1]))
        study.tell(number, states[number % len(states)])
    return sum(distances[20:]) / 20


def test_the_search_follows_the_loss_where_all_accuracies_are_equal(tmp_path: Path) -> None:
    """As with a small validation set, on which most trials have as many samples right."""
    late = late_distance(tmp_path, lambda distance: metrics(1, 0.5, distance), states=("PRUNED", "COMPLETE"))
    assert late < 0.15  # a uniform draw is 0.34 away on average


def test_the_search_learns_from_what_it_is_told(tmp_path: Path) -> None:
    """After 40 trials of a simple objective the draws gather where it is high, unlike random ones."""
    late = late_distance(tmp_path, lambda distance: metrics(1, 1 - distance))
    assert late < 0.15  # a uniform draw is 0.34 away on average


def test_the_search_keeps_away_from_what_does_not_fit_into_memory(tmp_path: Path) -> None:
    """The larger the batch the better, but above 256 none fits: with FAIL alone TPE would know nothing of those."""
    sizes = [2**power for power in range(3, 13)]
    space = parse_space({"epochs": 1, "params": {"batch_size": {"choices": sizes}}}, "test")

    def share(folder: Path, *, infeasible: bool) -> float:
        large = 0
        for seed in range(3):
            study = Study(folder / f"{infeasible}{seed}.log", space, seed=seed, trials=40)
            for _ in range(40):
                number, parameters = study.ask()
                size = int(parameters["batch_size"])
                if size > 256:
                    large += number >= 13
                    study.tell(number, "FAIL", "out of memory", infeasible=infeasible)
                else:
                    study.report(number, metrics(1, size / 4096))
                    study.tell(number, "COMPLETE")
        return large / (3 * 27)

    assert share(tmp_path, infeasible=True) < 0.5 * share(tmp_path, infeasible=False)


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_the_times_of_a_trial_do_not_go_back_when_the_clock_does(
    tmp_path: Path, space: SearchSpace, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    study = open_study(tmp_path, space)
    (done, _), (failed, _) = study.ask(), study.ask()
    study.report(done, metrics(1, 0.4))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    study.report(done, metrics(2, 0.5))
    study.report(failed, metrics(1, 0.5))
    monkeypatch.setattr(time, "time", real)
    study.report(done, metrics(3, 0.6))
    study.tell(done, "COMPLETE")
    study.tell(failed, "FAIL", "it broke")
    for record in open_study(tmp_path, space).records():
        assert record.finished is not None
        times = [record.started, *(record.metrics[epoch]["time"] for epoch in sorted(record.metrics)), record.finished]
        assert times == sorted(times)


def test_an_epoch_that_a_kill_left_half_written_keeps_its_time(tmp_path: Path, space: SearchSpace) -> None:
    """Otherwise MLflow, which may have it already, would get it a second time."""
    study = open_study(tmp_path, space)
    number, _ = study.ask()
    first = {"time": 1000.0, **metrics(1, 0.4)}
    study._note(number, "epoch 1", first)  # and here the driver is killed
    again = open_study(tmp_path, space)
    assert again.report(number, metrics(1, 0.4)) == first
    assert again.record(number).values == {1: 0.4}


def test_half_a_line_at_the_journals_end_is_dropped(tmp_path: Path, space: SearchSpace) -> None:
    study = open_study(tmp_path, space)
    number, parameters = study.ask()
    journal = tmp_path / "study.log"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole.splitlines()[-1][:20])
    for _ in range(2):
        again = open_study(tmp_path, space)
        again.ask()
        assert again.record(number).parameters == parameters
    assert len(open_study(tmp_path, space).records()) == 3
