"""ASHA: who waits, who is promoted, and what Ray's stock scheduler does instead."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.common import make_config
from support.made_up_search import begin, report_of
from support.summaries import record

from tuner.core.records import TrialRecord
from tuner.search.schedulers.asha import ETA, AshaScheduler, promotable, rungs
from tuner.search.schedulers.base import Decision, expected_epochs
from tuner.search.schedulers.ladder import Ladder


@dataclass(frozen=True)
class Trial:
    """A trial and whether it runs."""

    record: TrialRecord
    running: bool = False


def waiting(number: int, *values: float) -> Trial:
    return Trial(record(number, "RUNNING", *values))


def running(number: int, *values: float) -> Trial:
    return Trial(record(number, "RUNNING", *values), running=True)


def ended(number: int, *values: float) -> Trial:
    return Trial(record(number, "PRUNED", *values))


def chosen(trials: Iterable[Trial], epochs: Sequence[int], *, no_more_new: bool, workers: int = 1) -> set[int]:
    """The trials that may be promoted now."""
    trials = list(trials)
    live = {trial.record.number for trial in trials if trial.running}
    ladder = Ladder.of(epochs, [trial.record for trial in trials], live)
    return set(promotable(ladder, no_more_new=no_more_new, workers=workers))


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (1, ()),
        (2, (1,)),
        (3, (1,)),
        (4, (1,)),
        (5, (1, 2)),
        (6, (1, 2)),
        (9, (1, 3)),
        (13, (1, 4)),
        (14, (1, 2, 5)),
        (20, (1, 2, 7)),
        (27, (1, 3, 9)),
        (50, (2, 6, 17)),
        (100, (4, 11, 33)),
    ],
)
def test_the_rungs_lie_at_a_27th_a_ninth_and_a_third(epochs: int, expected: tuple[int, ...]) -> None:
    assert rungs(epochs) == expected


def test_there_are_at_most_three_rungs_each_above_the_one_before_and_below_the_end() -> None:
    for epochs in range(1, 300):
        found = rungs(epochs)
        assert len(found) <= 3
        assert list(found) == sorted(set(found))
        assert all(1 <= rung < epochs for rung in found)


def test_the_first_trial_at_a_rung_waits_where_rays_asha_lets_it_go_on() -> None:
    from ray.tune.schedulers.async_hyperband import _Bracket

    stock = _Bracket(min_t=1, max_t=9, reduction_factor=ETA, s=0)
    scores = [0.1, 0.2, 0.3, 0.4]  # each trial is better than those before: only the last one deserves more epochs
    stock_goes_on = [
        stock.on_result(SimpleNamespace(trial_id=str(number)), 1, score) == "CONTINUE"
        for number, score in enumerate(scores)
    ]
    ours_goes_on = []
    for number in range(len(scores)):
        trials = [waiting(n, score) for n, score in enumerate(scores[: number + 1])]
        ours_goes_on.append(number in chosen(trials, (1, 3), no_more_new=False))
    assert stock_goes_on == [True, True, True, True]
    assert ours_goes_on == [False, False, True, True]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], set()),
        ([0.5], set()),
        ([0.5, 0.6], set()),
        ([0.5, 0.6, 0.4], {1}),
        ([0.5, 0.6, 0.4, 0.1, 0.2], {1}),
        ([0.5, 0.6, 0.4, 0.1, 0.2, 0.3], {0, 1}),
        ([0.5, 0.5, 0.5], {0}),
        ([0.1, 0.5, 0.5, 0.5], {1}),
    ],
    ids=str,
)
def test_while_trials_are_to_come_one_in_three_is_promoted_and_of_equals_the_first(
    scores: list[float], expected: set[int]
) -> None:
    trials = [waiting(number, score) for number, score in enumerate(scores)]
    assert chosen(trials, (1, 3), no_more_new=False) == expected


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], set()),
        ([0.5], {0}),
        ([0.5, 0.6], {1}),
        ([0.5, 0.6, 0.4], {1}),
        ([0.5, 0.6, 0.4, 0.1], {0, 1}),
    ],
    ids=str,
)
def test_once_no_more_come_the_share_is_rounded_up(scores: list[float], expected: set[int]) -> None:
    trials = [waiting(number, score) for number, score in enumerate(scores)]
    gone: set[int] = set()
    while best := chosen(trials, (1, 3), no_more_new=True):
        gone |= best
        trials = [running(n, score) if n in gone else waiting(n, score) for n, score in enumerate(scores)]
    assert gone == expected


def test_equal_scores_are_promoted_by_their_loss_and_not_by_their_number() -> None:
    """The losses of a real sweep of photographs, in which all four trials had half of 38 samples right."""
    losses = {0: 193.0, 1: 0.757, 2: 1.44, 3: 3410.0}
    trials = [Trial(record(n, "RUNNING", 0.5, losses=[each])) for n, each in losses.items()]
    assert chosen(trials, (1,), no_more_new=False) == {1}
    assert chosen(trials[::-1], (1,), no_more_new=False) == {1}
    trials[1] = running(1, 0.5, 0.5)
    assert chosen(trials, (1,), no_more_new=True) == {2}


def test_those_that_went_on_already_count_for_the_share() -> None:
    trials = [running(0, 0.9), waiting(1, 0.5), waiting(2, 0.4), waiting(3, 0.3), waiting(4, 0.2)]
    assert chosen(trials, (1, 3), no_more_new=False) == set()
    assert chosen([*trials, waiting(5, 0.1)], (1, 3), no_more_new=False) == {1}


def test_a_trial_is_judged_by_its_best_score_until_the_rung() -> None:
    dipped = [waiting(0, 0.9, 0.1), waiting(1, 0.5, 0.5), waiting(2, 0.3, 0.6)]
    assert chosen(dipped, (2,), no_more_new=False) == {0}


def test_a_place_that_is_taken_is_not_given_again_to_a_better_trial() -> None:
    trials = [running(0, 0.4, 0.4), waiting(1, 0.5), waiting(2, 0.3), waiting(3, 0.2), waiting(4, 0.1)]
    assert chosen(trials, (1, 3), no_more_new=False) == set()
    assert chosen([*trials, waiting(5, 0.1)], (1, 3), no_more_new=False) == {1}


def test_the_top_rung_goes_first() -> None:
    high = [waiting(number, 0.1, 0.1, 0.1 * number) for number in range(3)]
    low = [waiting(number, 0.9) for number in range(3, 12)]
    assert chosen([*low, *high], (1, 3), no_more_new=False) == {2}
    assert chosen([*low, *high[:2]], (1, 3), no_more_new=False) == {3}  # two of three places are taken


def test_a_running_trial_below_a_rung_keeps_it_from_closing() -> None:
    trials = [waiting(0, 0.5), waiting(1, 0.6), running(2)]
    assert chosen(trials, (1, 3), no_more_new=True) == set()
    assert chosen([*trials[:2], waiting(2, 0.1)], (1, 3), no_more_new=True) == {1}
    above = [waiting(0, 0.5), waiting(1, 0.4), waiting(2, 0.3), running(3, 0.9, 0.9)]
    assert chosen(above, (1, 3), no_more_new=True) == {0}  # it has passed rung 1: nothing more can come there


def test_a_rung_below_closes_before_the_one_above() -> None:
    trials = [waiting(0, 0.9, 0.9, 0.9), *(waiting(number, 0.5 - number / 100) for number in range(1, 5))]
    assert chosen(trials, (1, 3), no_more_new=True) == {1}
    after = [*trials[:1], running(1, 0.49), *trials[2:]]
    assert chosen(after, (1, 3), no_more_new=True) == set()
    reached = [*trials[:1], waiting(1, 0.49, 0.5, 0.5), *trials[2:]]
    assert chosen(reached, (1, 3), no_more_new=True) == {0}


def test_an_interrupted_trial_between_rungs_is_not_promoted_from_one() -> None:
    trials = [waiting(0, 0.9, 0.9), ended(1, 0.5), ended(2, 0.4)]
    assert chosen(trials, (1, 3), no_more_new=False) == set()


def test_without_rungs_nothing_is_ever_promoted() -> None:
    assert chosen([waiting(0, 0.9)], rungs(1), no_more_new=True) == set()


@pytest.mark.parametrize(
    ("trials", "epochs", "expected"),
    [
        (1, 1, 1),
        (16, 1, 16),
        (1, 9, 9),
        (9, 9, 9 + 3 * 2 + 1 * 6),
        (27, 9, 27 + 9 * 2 + 3 * 6),
        (10, 9, 10 + 4 * 2 + 2 * 6),
        (16, 20, 16 * 1 + 6 * 1 + 2 * 5 + 1 * 13),
    ],
)
def test_the_expected_epochs_are_those_of_a_share_that_is_rounded_up(trials: int, epochs: int, expected: int) -> None:
    assert expected_epochs(AshaScheduler(epochs=epochs, workers=1), trials, epochs) == expected


@dataclass
class Simulation:
    """Trials with one score each, over all epochs; workers that finish epochs in a random order."""

    scores: list[float]
    workers: int
    epochs: int
    rng: random.Random
    values: list[dict[int, float]] = field(default_factory=list)
    live: set[int] = field(default_factory=set)
    promoted: dict[int, list[int]] = field(default_factory=dict)
    """By rung, in the order of promotion."""

    def run(self) -> None:
        while self._give_work():
            number = self.rng.choice(sorted(self.live))
            values = self.values[number]
            values[len(values) + 1] = self.scores[number]
            if len(values) in (*rungs(self.epochs), self.epochs):
                self.live.remove(number)
            assert sum(map(len, self.values)) <= len(self.scores) * self.epochs

    def _give_work(self) -> bool:
        while len(self.live) < self.workers:
            best = chosen(
                self._trials(),
                rungs(self.epochs),
                no_more_new=len(self.values) == len(self.scores),
                workers=self.workers,
            )
            if best:
                number = min(best, key=lambda n: (-self.scores[n], n))
                assert len(self.values[number]) in rungs(self.epochs)
                self._check_share(number)
                self.promoted.setdefault(len(self.values[number]), []).append(number)
                self.live.add(number)
            elif len(self.values) < len(self.scores):
                self.live.add(len(self.values))
                self.values.append({})
            else:
                break
        return bool(self.live)

    def _trials(self) -> list[Trial]:
        return [
            Trial(
                record(number, "RUNNING" if len(values) < self.epochs else "COMPLETE", *values.values()),
                running=number in self.live,
            )
            for number, values in enumerate(self.values)
        ]

    def _check_share(self, number: int) -> None:
        """It is the best of those that wait, among the best third, and no more than a third are promoted."""
        rung = len(self.values[number])
        reached, before = self.reached(rung), self.promoted.get(rung, [])
        assert not any(self.scores[n] > self.scores[number] for n in reached if n not in before)
        better = sum(self.scores[n] > self.scores[number] for n in reached)
        closing = len(self.values) == len(self.scores)
        places = max(self.workers, math.ceil(len(reached) / ETA)) if closing else len(reached) // ETA
        assert better < places
        assert len(before) < places

    def reached(self, epoch: int) -> list[int]:
        return [number for number, values in enumerate(self.values) if len(values) >= epoch]


@pytest.mark.parametrize("seed", range(60))
def test_a_sweep_always_ends_sends_on_its_share_of_each_rung_and_the_best_to_the_end(seed: int) -> None:
    rng = random.Random(seed)
    trials, workers, epochs = rng.randint(1, 40), rng.choice([1, 2, 3, 8, 50]), rng.choice([1, 2, 3, 5, 9, 20])
    distinct = rng.choice([3, 10**6])  # few distinct scores: many ties
    simulation = Simulation([rng.randrange(distinct) / distinct for _ in range(trials)], workers, epochs, rng)
    simulation.run()
    assert simulation.reached(1) == list(range(trials))
    stops = (*rungs(epochs), epochs)
    for rung, following in pairwise(stops):
        reached, promoted = simulation.reached(rung), simulation.promoted[rung]
        assert len(promoted) == len(set(promoted))
        assert sorted(promoted) == simulation.reached(following)
        assert len(promoted) == min(len(reached), max(workers, math.ceil(len(reached) / ETA)))
    best = max(range(trials), key=lambda number: (simulation.scores[number], -number))
    assert best in simulation.reached(epochs)


@pytest.mark.parametrize("trials", [1, 2, 3, 4, 9, 10, 27, 28])
def test_when_the_best_come_first_exactly_the_share_is_promoted(trials: int) -> None:
    simulation = Simulation([1 - number / trials for number in range(trials)], 1, 9, random.Random(0))
    simulation.run()
    third = math.ceil(trials / ETA)
    assert simulation.promoted == {1: list(range(third)), 3: list(range(math.ceil(third / ETA)))}
    assert sum(map(len, simulation.values)) == expected_epochs(AshaScheduler(epochs=9, workers=1), trials, 9)


def test_a_best_trial_that_fails_after_its_promotion_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    """Otherwise it keeps a place of the rung for ever, and here nobody would train to the end."""
    config = make_config(trials=3, concurrency=1)
    controller, study = begin(config, tmp_path)
    while drawn := controller.next_trial():
        decision, epoch = Decision.CONTINUE, study.record(drawn[0]).epoch
        while decision is Decision.CONTINUE:
            epoch += 1
            loss = math.nan if (drawn[0], epoch) == (0, 2) else 1.0
            decision = controller.on_report(drawn[0], report_of(epoch, 1 - drawn[0] / 9, val_loss=loss))
    assert [study.record(number).state for number in (0, 1)] == ["FAIL", "COMPLETE"]


def test_a_sampler_that_learns_does_not_promote_more_than_the_share() -> None:
    """Each trial is better than all before it: each would be among the best third so far."""
    simulation = Simulation([number / 90 for number in range(90)], 1, 9, random.Random(0))
    simulation.run()
    assert len(simulation.promoted[1]) == 30
    assert len(simulation.promoted[3]) == 10
