"""PASHA: how far trials are promoted, in searches with made-up scores."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import begin, report_of
from support.summaries import record

from tuner.core.records import TrialRecord
from tuner.search.schedulers import account_of
from tuner.search.schedulers.asha import rungs as rungs_of_asha
from tuner.search.schedulers.base import Decision
from tuner.search.schedulers.ladder import Ladder
from tuner.search.schedulers.pasha import Pasha, rungs
from tuner.search.schedulers.ranking import crosses_back
from tuner.search.study import Study

EPOCHS = 27  # rungs at 1, 3 and 9
PASHA = Pasha(epochs=EPOCHS, workers=1)
Score = Callable[[int, int], float]


def search(folder: Path, score: Score, *, trials: int = 18, workers: int = 1) -> Study:
    """A search in which the workers take turns."""
    config = make_config(trials=trials, epochs=EPOCHS, concurrency=workers, scheduler="pasha", sampler="random")
    controller, study = begin(config, folder)
    turns: list[int] = []
    while not controller.over:
        while len(turns) < workers and (drawn := controller.next_trial()):
            turns.append(drawn[0])
        number = turns.pop(0)
        epoch = study.record(number).epoch + 1
        if controller.on_report(number, report_of(epoch, score(number, epoch))) is Decision.CONTINUE:
            turns.append(number)
    controller.finish()
    return study


def ends(study: Study) -> list[int]:
    return sorted(each.epoch for each in study.records())


def shuffled(count: int) -> Sequence[float]:
    scores = [(number + 1) / (count + 1) for number in range(count)]
    random.Random(3).shuffle(scores)
    return scores


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (1, ()),
        (2, (1,)),
        (3, (1,)),
        (5, (1, 2)),
        (20, (1, 2, 7)),
        (27, (1, 3, 9)),
        (100, (1, 4, 11, 33)),
        (999, (1, 4, 12, 37, 111, 333)),
    ],
)
def test_the_rungs_are_thirds_down_to_the_first_epoch(epochs: int, expected: tuple[int, ...]) -> None:
    assert rungs(epochs) == Pasha(epochs=epochs, workers=1).rungs() == expected


def test_each_rung_is_above_the_one_before_and_below_the_end_and_the_last_three_are_those_of_asha() -> None:
    for epochs in range(1, 2000):
        found = rungs(epochs)
        assert all(below < above for below, above in pairwise((0, *found, epochs)))
        assert found[-3:] == rungs_of_asha(epochs)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_while_the_rungs_agree_no_trial_but_the_best_goes_beyond_the_second_rung(tmp_path: Path, workers: int) -> None:
    scores = shuffled(18)
    study = search(tmp_path, lambda number, epoch: scores[number] * (1 - 0.5**epoch), workers=workers)
    assert set(ends(study)) == {1, 3, EPOCHS}
    assert ends(study).count(EPOCHS) == 1
    assert ends(study).count(3) >= 5  # a third of all reached it
    best = study.best()
    assert best is not None
    assert best.number == max(range(18), key=lambda number: scores[number])
    assert (best.state, best.epoch) == ("COMPLETE", EPOCHS)
    reasons = {each.reason for each in study.records() if each.epoch == 3}
    assert all("; 1 went on, with " in reason and reason.endswith(" or more") for reason in reasons)
    six = ends(study).count(3) + 1
    assert PASHA.account(study.records()) == (
        f"the {six} trials that came to epoch 3 of 27 rank there as at epoch 1; further trained: {best.number}"
    )
    before = {"space": {}, "epochs": 30, "trials": 1, "tried": 0, "defaults": {}}
    config = make_config(trials=19, epochs=EPOCHS, scheduler="pasha", earlier=[before])
    later = [replace(each, number=each.number + 1) for each in study.records()]
    assert account_of(config, [record(0, "COMPLETE", *[0.99] * 30), *later]) == PASHA.account(later), (
        "it had another number of epochs"
    )
    alone = [record(0, "COMPLETE", *[0.9] * EPOCHS)]
    assert PASHA.account(alone) == "1 trial came to epoch 3 of 27, too few to be ranked there"


def test_where_they_never_agree_it_is_asha_with_more_rungs(tmp_path: Path) -> None:
    """The order is turned round between any two rungs, for good: that is no noise."""
    scores = shuffled(18)

    def score(number: int, epoch: int) -> float:
        rungs_before = sum(rung < epoch for rung in rungs(EPOCHS))
        return rungs_before + (scores[number] if rungs_before % 2 == 0 else 1 - scores[number])

    study = search(tmp_path, score)
    assert ends(study) == [*[1] * 12, *[3] * 4, 9, EPOCHS]
    assert PASHA.account(study.records()).startswith("the ranking was stable at no rung")


def test_a_rung_that_is_unlocked_stays_so() -> None:
    """Two trials disagreed before a third came; the same ones agree with it."""

    def at(*trials: tuple[float, float]) -> Ladder:
        """Trials with these scores at the rungs 1 and 3, in the order in which they came."""
        return Ladder.of((1, 3, 9), [record(n, "RUNNING", a, a, b, time=float(n)) for n, (a, b) in enumerate(trials)])

    assert PASHA.unlocked(at((0.5, 0.8))) == 1
    assert PASHA.unlocked(at((0.5, 0.8), (0.6, 0.9))) == 1
    assert PASHA.unlocked(at((0.5, 0.9), (0.6, 0.8))) == 2
    assert PASHA.unlocked(at((0.5, 0.9), (0.6, 0.8), (0.9, 0.95))) == 2


def test_trials_that_differ_by_no_more_than_noise_may_change_places() -> None:
    """Noise is what two trials differ by whose curves cross back and forth."""

    def unlocked(*curves: Sequence[float]) -> int:
        return PASHA.unlocked(Ladder.of((1, 3, 9), [record(n, "RUNNING", *each) for n, each in enumerate(curves)]))

    crossing = (0.60, 0.70, 0.80), (0.62, 0.69, 0.82)
    swapped = (0.40, 0.45, 0.53), (0.41, 0.46, 0.52)
    assert crosses_back(*crossing)
    assert not crosses_back(*swapped)
    assert unlocked(*crossing) == 1
    assert unlocked(*swapped) == 2
    assert unlocked(*crossing, *swapped) == 1
    assert unlocked(*crossing, (0.38, 0.45, 0.53), swapped[1]) == 2  # by 0.03, and the noise is 0.02


def test_trials_that_have_learnt_nothing_yet_are_not_ranked() -> None:
    at_chance = [record(n, "RUNNING", 0.1, 0.1, n / 10) for n in range(3)]
    assert PASHA.unlocked(Ladder.of((1, 3, 9), at_chance[:2])) == 1  # two may be equal by chance
    assert PASHA.unlocked(Ladder.of((1, 3, 9), at_chance)) == 2
    assert PASHA.unlocked(Ladder.of((1, 3, 9), [*at_chance[:2], record(2, "RUNNING", 0.2, 0.2, 0.2)])) == 1


def test_a_trial_that_fails_is_as_if_it_had_never_been_there() -> None:
    ladder = Ladder.of((1, 3, 9), [record(0, "RUNNING", 0.5, 0.5, 0.9), record(1, "RUNNING", 0.6, 0.6, 0.8)])
    assert PASHA.unlocked(ladder) == 2
    ladder.end(record(1, "FAIL", 0.6, 0.6, 0.8))
    assert PASHA.unlocked(ladder) == 1


def test_what_it_remembers_of_rungs_is_what_they_give_anew() -> None:
    """So a sweep that is resumed decides alike."""
    rng = random.Random(0)
    for _ in range(30):
        ladder, known = Ladder((1, 3, 9)), Pasha(epochs=EPOCHS, workers=1)
        records: dict[int, TrialRecord] = {}
        for number in range(12):
            scores = [rng.random() for _ in range(rng.choice([1, 3, 9]))]
            records[number] = record(number, "RUNNING", *scores, time=float(number))
            ladder.reach(records[number])
            if number and rng.random() < 0.2:
                failed = rng.choice(sorted(records))
                ladder.end(record(failed, "FAIL", *records.pop(failed).values.values()))
            anew = Ladder.of((1, 3, 9), [*records.values()])
            assert known.unlocked(ladder) == Pasha(epochs=EPOCHS, workers=1).unlocked(anew)


def test_more_trials_than_are_compared_in_pairs_cost_little_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trial that comes is compared with a hundred others at most, and those of before are not compared again."""
    from tuner.search.schedulers import ranking

    compared: list[int] = []

    def count(*curves: Iterator[float]) -> bool:
        compared.append(len(curves))
        return False

    monkeypatch.setattr(ranking, "crosses_back", count)
    ladder = Ladder((1, 3, 9))
    for number in range(300):
        ladder.reach(record(number, "RUNNING", *[number / 300] * 3))
        assert PASHA.unlocked(ladder) == 1
    assert len(compared) == sum(min(number, 100) for number in range(300))
