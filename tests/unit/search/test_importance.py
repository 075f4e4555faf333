"""Parameter importance, on trials whose score is known to depend on one parameter."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.made_up_search import metrics_of
from support.made_up_trials import SPACE, record, trials

from tuner.core.records import TrialRecord
from tuner.search.importance import LEAST_TRIALS, Importance, NotEnoughTrialsError, importance
from tuner.search.scales import scales
from tuner.search.schedulers.asha import rungs
from tuner.search.space_file import parse_space
from tuner.search.study import Study

EPOCHS = 9  # with rungs at 1 and 3


def of(records: list[TrialRecord], params: dict[str, Any] = SPACE["params"]) -> Importance:
    return importance(records, parse_space({"epochs": EPOCHS, "params": params}, "test"), EPOCHS, rungs(EPOCHS))


def test_the_parameter_that_decides_comes_first_with_its_direction() -> None:
    found = of(trials(30))
    first, *others = found.parameters
    assert (first.name, first.direction) == ("dropout", "lower is better")
    assert first.share > 0.9 > first.noise
    assert first.error < 0.1
    assert all(bool(each.direction) == each.clear for each in others)
    assert (found.epoch, found.trials, found.early) == (1, 30, True)


def test_alternatives_are_one_parameter_and_conditional_ones_are_judged_by_the_trials_that_have_them() -> None:
    counts = {each.name: each.trials for each in of(trials(12)).parameters}
    assert counts == {"optimizer": 12, "lr": 12, "dropout": 12, "momentum": 6}  # width is a constant
    assert of(trials(8)).unknown == {"momentum": 4}
    assert "momentum" not in {each.name for each in of(trials(8)).parameters}


def test_an_effect_of_the_optimizer_is_not_taken_for_one_of_its_learning_rate() -> None:
    """Adam's learning rates all lie below sgd's, so on one scale lower ones would seem better whenever adam is."""
    records = [
        replace(r, values={1: float(r.parameters["optimizer"] == "adam") + 0.001 * (n * 7 % 10)})
        for n, r in enumerate(trials(30))
    ]
    found = {each.name: each for each in of(records).parameters}
    assert found["optimizer"].direction == "adam is best"
    assert not found["lr"].clear


def test_a_best_value_in_the_middle_is_told_from_a_direction() -> None:
    params = {"a": {"low": 0.0, "high": 1.0}, "b": {"choices": [16, 32, 64]}}
    records = [
        record(n, "PRUNED", [1 - abs(n / 40 - 0.5) + (n % 3 == 1) / 10], a=n / 40, b=[16, 32, 64][n % 3])
        for n in range(40)
    ]
    found = {each.name: each.direction for each in of(records, params).parameters if each.clear}
    assert found["a"] == "the middle is best"
    upside_down = [replace(r, values={1: 1 - r.values[1]}) for r in records]
    assert {each.name: each.direction for each in of(upside_down, params).parameters}["a"] == "the ends are best"


def test_equal_scores_are_told_apart_by_their_loss() -> None:
    params = {"dropout": {"low": 0.0, "high": 1.0}}
    records = [record(n, "PRUNED", [0.5], dropout=n / 30) for n in range(30)]
    finer = [replace(r, metrics={1: {**r.metrics[1], "val_loss": float(r.parameters["dropout"])}}) for r in records]
    [found] = of(finer, params).parameters
    assert found.direction == "lower is better"
    assert of(finer, params).by == "val_loss"
    assert of([*finer, record(30, "PRUNED", [0.6], dropout=0.5)], params).by == "val_accuracy"


SIX: dict[str, Any] = {
    "lr": {"low": 1e-4, "high": 1.0, "log": True},
    "dropout": {"low": 0.0, "high": 0.6},
    "width": {"choices": [32, 64, 128]},
    "optimizer": {"choices": ["sgd", "adam", "adamw"]},
    "weight_decay": {"low": 1e-6, "high": 1e-2, "log": True},
    "momentum": {"low": 0.5, "high": 0.99, "when": {"optimizer": "sgd"}},
}


def searched(folder: Path, seed: int, trials: int, effect: float) -> list[TrialRecord]:
    """The trials of a search by TPE. The score is noise, and `effect` a decade of the learning rate."""
    generator = np.random.default_rng(seed)
    study = Study(folder / "study.log", parse_space({"epochs": 1, "params": SIX}, "test"), seed=seed, trials=trials)
    for _ in range(trials):
        number, parameters = study.ask()
        score = 0.5 + 0.1 * generator.standard_normal() + effect * math.log10(float(parameters["lr"]))
        study.report(number, metrics_of(1, float(np.clip(score, 0, 1))))
        study.tell(number, "COMPLETE")
    return study.records()


def judged(records: list[TrialRecord]) -> dict[str, str]:
    """The parameters above the noise, and their directions."""
    found = importance(records, parse_space({"epochs": 1, "params": SIX}, "test"), 1, ())
    return {each.name: each.direction for each in found.parameters if each.clear}


@pytest.mark.proof
@pytest.mark.parametrize("trials", [6, 16, 30])
def test_noise_is_not_taken_for_an_effect_in_nine_of_ten_searches(tmp_path: Path, trials: int) -> None:
    """60 searches by TPE, whose points are not independent of the scores; by chance 3 of them are expected."""
    wrong = 0
    for seed in range(60):
        folder = tmp_path / str(seed)
        folder.mkdir()
        wrong += bool(judged(searched(folder, seed, trials, 0.0)))
    assert wrong <= 6


@pytest.mark.proof
def test_an_effect_is_found_with_thirty_trials(tmp_path: Path) -> None:
    """The learning rate explains half of the variance where it is drawn evenly."""
    found = 0
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        found += judged(searched(folder, seed, 30, 0.1)).get("lr") == "higher is better"
    assert found >= 15


@pytest.mark.parametrize("trials", [6, 16, 30])
def test_noise_is_not_taken_for_an_effect(trials: int) -> None:
    """The same in a second, with points drawn evenly."""
    wrong = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        wrong += bool(judged([record(n, "COMPLETE", [draw.random()], **even_point(draw)) for n in range(trials)]))
    assert wrong <= 3


def even_point(draw: np.random.Generator) -> dict[str, Any]:
    """A point of SIX."""
    optimizer = str(draw.choice(["sgd", "adam", "adamw"]))
    point = {"lr": 10 ** draw.uniform(-4, 0), "dropout": draw.uniform(0, 0.6), "width": int(draw.choice([32, 64, 128]))}
    momentum = {"momentum": draw.uniform(0.5, 0.99)} if optimizer == "sgd" else {}
    return {**point, "optimizer": optimizer, "weight_decay": 10 ** draw.uniform(-6, -2), **momentum}


def test_only_scores_at_the_first_rung_count() -> None:
    records = trials(12)
    later = [replace(r, values={1: r.values[1]} | {n: 1.0 for n in r.values if n > 1}) for r in records]
    assert of(later) == of(records)


def test_the_same_trials_give_the_same_importance() -> None:
    assert of(trials(12)) == of(trials(12))


def test_a_log_range_is_measured_by_its_exponent() -> None:
    """On a plain scale nearly all of such a range is its last decade, and what happens below it would not count."""
    params = {"lr": {"low": 1e-6, "high": 1.0, "log": True}, "dropout": {"low": 0.0, "high": 1.0}}
    records = [
        record(n, "PRUNED", [1.0 if n % 6 < 3 else 0.0], lr=10.0 ** (n % 6 - 6), dropout=((n * 7) % 30) / 30)
        for n in range(30)
    ]
    [first, _] = of(records, params).parameters
    assert (first.name, first.direction) == ("lr", "lower is better")
    assert first.share == pytest.approx(27 / 35)  # what a line explains of a step in the middle of six places
    even = [replace(r, values={1: (n % 6) / 5}) for n, r in enumerate(records)]
    [first, _] = of(even, params).parameters
    assert (first.name, first.direction) == ("lr", "higher is better")
    assert first.share == pytest.approx(1)


def test_too_few_trials_and_nothing_to_compare_are_said_so() -> None:
    with pytest.raises(NotEnoughTrialsError, match=f"4 trials reached epoch 1, but at least {LEAST_TRIALS}"):
        of(trials(4))
    with pytest.raises(NotEnoughTrialsError, match="1 trial reached"):
        of([record(0, "FAIL", []), record(1, "PRUNED", [0.5], dropout=0.1)])
    with pytest.raises(NotEnoughTrialsError, match="no parameter varies"):
        of([record(n, "PRUNED", [n / 10], dropout=0.1) for n in range(6)], {"dropout": 0.1})
    with pytest.raises(NotEnoughTrialsError, match="same score"):
        of([record(n, "PRUNED", [0.5], dropout=n / 10) for n in range(6)], {"dropout": {"low": 0.0, "high": 0.5}})


def test_scales_place_values_and_label_them() -> None:
    optimizer, lr, momentum, dropout = scales(parse_space(SPACE, "test"))
    assert [optimizer.place(each) for each in ("sgd", "adam")] == [0, 1]
    assert [lr.low, lr.high, lr.place(0.01)] == pytest.approx([1e-4, 1.0, 0.5])
    assert [label for _, label in lr.ticks()] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert [label for _, label in momentum.ticks()] == ["0.5", "0.745", "0.99"]
    assert dropout.place(0.125) == pytest.approx(0.25)


def test_what_is_a_number_here_and_a_word_there_has_no_scale() -> None:
    params = {
        "optimizer": {"choices": ["sgd", "adam"]},
        "mixed": [
            {"when": {"optimizer": "sgd"}, "low": 0.0, "high": 1.0},
            {"when": {"optimizer": "adam"}, "choices": ["a", "b"]},
        ],
    }
    assert [scale.name for scale in scales(parse_space({"epochs": 1, "params": params}, "test"))] == ["optimizer"]
