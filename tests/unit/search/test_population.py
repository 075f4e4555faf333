"""Population based training: who takes over from whom, and what, in a simulated population."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import report_of, study_of
from support.summaries import record

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord, Value
from tuner.core.sweep_folder import SweepFolder
from tuner.search.controller import Controller
from tuner.search.population import Population, check_population, exploits, explored
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import Decision, expected_epochs
from tuner.search.schedulers.pbt import PopulationBased
from tuner.search.space_file import parse_space, space_of
from tuner.search.study import Study

RAW = {
    "epochs": 9,
    "params": {
        "optimizer": {"choices": ["sgd", "adam"]},
        "lr": [
            {"when": {"optimizer": "sgd"}, "low": 0.01, "high": 1.0, "log": True},
            {"when": {"optimizer": "adam"}, "low": 0.0001, "high": 0.01, "log": True},
        ],
        "dropout": {"low": 0.0, "high": 0.5},
        "batch_size": {"low": 16, "high": 256},
        "momentum": {"low": 0.5, "high": 0.9, "step": 0.1},
        "width": {"choices": [0.5, 1.0]},
    },
}
SPACE = parse_space(RAW, "a test")


class Workers:
    """A process that runs a sweep, with workers that train nothing: a checkpoint is the trial whose weights it has.

    A trial learns at a rate of its own, so that it is good or bad for good, unless it gets the weights of another one.
    """

    def __init__(self, config: SweepConfig, folder: Path, rng: random.Random | None = None) -> None:
        self.config, self.folder, self.rng = config, folder, rng
        self.weights: dict[
            int, tuple[float, int]
        ] = {}  # what is learnt, and the epoch: the disk, which survives a kill
        self.copied: list[tuple[int, int, int]] = []
        self.open()

    def open(self) -> None:
        """A new process: nothing but the disk is left."""
        self.study = study_of(self.config, self.folder)
        population = Population(self.study, space_of(self.config), self.config.seed, self.adopt)
        scheduler = make_scheduler(self.config)
        self.controller = Controller(
            self.config, self.study, scheduler, SweepFolder(self.folder), Callback(), population=population
        )
        self.turns: list[int] = []

    def adopt(self, donor: int, member: int, epoch: int) -> str:
        self.die(0.2)
        learnt, at = self.weights[donor]
        assert at == epoch == self.study.record(donor).epoch
        assert not self.controller.live()
        self.weights[member] = learnt, at
        self.copied.append((donor, member, epoch))
        self.die(0.2)
        return ""

    def die(self, chance: float) -> None:
        """The process may be killed here."""
        if self.rng and self.rng.random() < chance:
            raise Killed

    def step(self) -> None:
        """Free workers get trials, and one of the running trials trains an epoch."""
        while len(self.turns) < self.config.concurrency and (drawn := self.controller.next_trial()):
            self.turns.append(drawn[0])
        self.die(0.05)
        number = self.turns.pop(0)
        learnt, epoch = self.weights.get(number, (0.0, 0))
        if epoch == self.study.record(number).epoch:  # else it was saved before the kill, and is told now
            learnt, epoch = learnt + (number * 7 % 11 + 1) / 400, epoch + 1
            self.weights[number] = learnt, epoch
        self.die(0.05)
        if self.controller.on_report(number, report_of(epoch, learnt)) is Decision.CONTINUE:
            self.turns.append(number)
        self.die(0.05)


class Killed(BaseException):
    """The process was killed."""


def search(config: SweepConfig, folder: Path, rng: random.Random | None = None) -> Workers:
    """A whole search, with kills if there is chance in it."""
    folder.mkdir(exist_ok=True)
    workers = Workers(config, folder, rng)
    while True:
        try:
            while not workers.controller.over:
                workers.step()
            break
        except Killed:
            workers.open()
    workers.controller.finish()
    return workers


def population(**changes: object) -> SweepConfig:
    return make_config(**{"trials": 8, "scheduler": "pbt", "sampler": "random", "space": RAW, **changes})


def told(study: Study) -> list[object]:
    return [(each.number, each.state, each.values, each.parameters, each.exploits) for each in study.records()]


def test_the_worst_quarter_takes_over_the_weights_and_parameters_of_the_best(tmp_path: Path) -> None:
    workers = search(population(), tmp_path)
    records = workers.study.records()
    assert [each.epoch for each in records] == [9] * 8
    assert {each.state for each in records} == {"COMPLETE"}
    taken = [(each.donor, member.number, each.epoch) for member in records for each in member.exploits]
    assert sorted(taken) == sorted(workers.copied)
    assert Counter(epoch for *_, epoch in taken) == dict.fromkeys(range(1, 9), 2)  # a quarter of eight, after each step
    for donor, member, epoch in taken:
        ranks = sorted(each.rank(epoch) for each in records)
        assert records[member].rank(epoch) <= ranks[1]
        assert records[donor].rank(epoch) >= ranks[-2]
        [exploit] = [each for each in records[member].exploits if each.epoch == epoch]
        of_donor = _parameters_in(records[donor], epoch)
        assert exploit.before == _parameters_in(records[member], epoch)
        assert {name: exploit.after[name] for name in ("optimizer", "batch_size", "width", "momentum")} == {
            name: of_donor[name] for name in ("optimizer", "batch_size", "width", "momentum")
        }
        assert exploit.after["lr"] != of_donor["lr"]
        assert records[member].values[epoch + 1] > records[member].values[epoch]


def _parameters_in(member: TrialRecord, epoch: int) -> Mapping[str, Value]:
    """Those that it trained this epoch with."""
    return next((each.before for each in member.exploits if each.epoch >= epoch), member.parameters)


def test_a_changed_value_is_a_fifth_more_or_less_or_anywhere_in_its_range() -> None:
    drawn: dict[str, Value] = {
        "optimizer": "adam",
        "lr": 0.001,
        "dropout": 0.3,
        "batch_size": 32,
        "momentum": 0.6,
        "width": 0.5,
    }
    found = [explored(drawn, SPACE, random.Random(seed)) for seed in range(400)]
    for name in ("optimizer", "batch_size", "momentum", "width"):
        assert {each[name] for each in found} == {drawn[name]}
    rates = [float(each["lr"]) for each in found]
    factors = Counter(round(rate / 0.001, 6) for rate in rates)
    assert 120 < factors[0.8] < 180
    assert 120 < factors[1.2] < 180
    anywhere = [rate for rate in rates if round(rate / 0.001, 6) not in {0.8, 1.2}]
    assert all(0.0001 <= rate <= 0.01 for rate in anywhere)  # the range of adam, not that of sgd
    assert sum(map(math.log, anywhere)) / len(anywhere) == pytest.approx(math.log(0.001), abs=0.4)
    at_the_end = [explored({**drawn, "dropout": 0.5}, SPACE, random.Random(seed))["dropout"] for seed in range(50)]
    assert max(map(float, at_the_end)) == 0.5
    assert {explored({**drawn, "dropout": 0.0}, SPACE, random.Random(seed))["dropout"] for seed in range(50)} == {0.0}


@pytest.mark.parametrize("workers", [1, 3])
def test_a_sweep_that_is_killed_at_any_moment_decides_alike(tmp_path: Path, workers: int) -> None:
    config = population(concurrency=workers)
    whole = search(config, tmp_path / "whole")
    for seed in range(8):
        killed = search(config, tmp_path / str(seed), random.Random(seed))
        assert told(killed.study) == told(whole.study)
        assert killed.weights == whole.weights


def test_the_number_of_workers_decides_nothing(tmp_path: Path) -> None:
    """A generation is complete before it is renewed, whoever came first."""
    one, three = (search(population(concurrency=n), tmp_path / str(n)) for n in (1, 3))
    assert told(one.study) == told(three.study)


def test_no_trial_goes_on_from_a_step_before_all_have_come(tmp_path: Path) -> None:
    workers = Workers(population(concurrency=3), tmp_path)
    while not workers.controller.over:
        workers.step()
        epochs = [each.epoch for each in workers.study.records() if each.values]
        assert max(epochs) - min(epochs) <= 1
        assert max(epochs) == 1 or workers.study.count == 8
    workers.controller.finish()


def test_a_trial_that_fails_leaves_the_population(tmp_path: Path) -> None:
    workers = Workers(population(trials=5, concurrency=1), tmp_path)
    for _ in range(5):
        workers.step()
    drawn = workers.controller.next_trial()
    assert drawn is not None
    workers.controller.on_lost(drawn[0], "its worker died")
    while not workers.controller.over:
        workers.step()
    records = workers.study.records()
    assert [each.state for each in records].count("COMPLETE") == 4
    later = [each for member in records for each in member.exploits if each.epoch > 1]
    assert later
    assert all(each.donor != drawn[0] for each in later)


def test_what_cannot_be_copied_is_told_and_the_trial_goes_on_as_it_was(tmp_path: Path) -> None:
    workers = Workers(population(), tmp_path)
    broken = Population(workers.study, SPACE, 0, lambda *_: "its checkpoint is damaged")
    while min([each.epoch for each in workers.study.records()] or [0]) < 1 or workers.study.count < 8:
        workers.step()
    first, second = broken.renew(1)
    assert first.endswith("its checkpoint is damaged")
    assert "goes on without taking over from trial" in second
    assert not any(each.exploits for each in workers.study.records())
    assert broken.renew(1) == []


def test_a_population_that_is_stopped_has_a_winner_that_has_its_weights(tmp_path: Path) -> None:
    workers = Workers(population(), tmp_path)
    while not any(each.exploits for each in workers.study.records()):
        workers.step()
    workers.controller.ending.stop("it was stopped")
    while workers.turns:
        workers.step()
    assert workers.controller.over
    workers.controller.finish()
    records = workers.study.records()
    assert {each.state for each in records} == {"PRUNED"}
    assert {each.reason for each in records} <= {"it was stopped in epoch 1", "it was stopped in epoch 2"}
    gave_up = [each for each in records if each.exploits and each.epoch == each.exploits[-1].epoch]
    assert gave_up
    best = workers.study.best()
    assert best is not None
    assert best not in gave_up


def test_equal_trials_take_over_nothing() -> None:
    assert exploits([record(n, "RUNNING", 0.5) for n in range(8)], 1, SPACE, 0) == {}
    assert exploits([record(0, "RUNNING", 0.5)], 1, SPACE, 0) == {}
    assert list(exploits([record(0, "RUNNING", 0.5), record(1, "RUNNING", 0.4)], 1, SPACE, 0)) == [1]


def test_epochs_of_weights_that_a_trial_gave_up_do_not_count(tmp_path: Path) -> None:
    """It was good in its second epoch, diverged, and took over: those good weights are lost."""
    workers = search(population(), tmp_path)
    member = next(each for each in workers.study.records() if each.exploits)
    first, last = member.exploits[0].epoch, member.exploits[-1].epoch
    assert member.best_epoch > last
    assert first < 9
    assert member.rank_until(first) is not None  # as it was then
    cut = record(0, "RUNNING", *[0.9] * last)
    assert cut.ranked
    gave_up = replace(cut, exploits=member.exploits[-1:])
    assert not gave_up.ranked
    assert replace(record(0, "RUNNING", *[0.9] * last, 0.3), exploits=member.exploits[-1:]).score == 0.3


@pytest.mark.parametrize(
    ("epochs", "steps"), [(1, ()), (2, (1,)), (9, tuple(range(1, 9))), (20, tuple(range(2, 20, 2)))]
)
def test_the_steps_are_a_ninth_of_the_epochs(epochs: int, steps: tuple[int, ...]) -> None:
    scheduler = PopulationBased(epochs=epochs)
    assert scheduler.rungs() == steps
    assert expected_epochs(scheduler, 8, epochs) == 8 * epochs


@pytest.mark.parametrize(
    ("params", "trials", "again", "storage", "message"),
    [
        ({"lr": {"low": 0.1, "high": 0.2}}, 1, "", None, "a population has at least 2 trials"),
        ({"lr": {"choices": [0.1, 0.2]}, "width": {"low": 0.5, "high": 1.0}}, 8, "", None, "nothing can change"),
        ({"lr": {"low": 0.1, "high": 0.2}}, 8, "--refit", None, "--refit would train constant values"),
        ({"lr": {"low": 0.1, "high": 0.2}}, 8, "", "s3://x", "leave --storage out"),
    ],
)
def test_what_it_cannot_do_is_refused(
    params: dict[str, object], trials: int, again: str, storage: str | None, message: str
) -> None:
    space = parse_space({"epochs": 9, "params": params}, "a test")
    with pytest.raises(TunerError, match=message):
        check_population(space, trials, again, storage)
