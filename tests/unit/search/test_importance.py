"""Parameter importance, on trials whose score is known to depend on one parameter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import optuna
import pytest
from support.made_up_trials import SPACE, record, trials

from tuner.core.records import TrialRecord
from tuner.search.importance import LEAST_TRIALS, Importance, NotEnoughTrialsError, importance
from tuner.search.scales import scales
from tuner.search.space_file import parse_space

EPOCHS = 9  # with rungs at 1 and 3


def of(records: list[TrialRecord], params: dict[str, Any] = SPACE["params"]) -> Importance:
    return importance(records, parse_space({"epochs": EPOCHS, "params": params}, "test"), EPOCHS)


def test_the_parameter_that_decides_comes_first_and_shares_sum_to_one() -> None:
    found = of(trials(30))
    assert next(iter(found.shares)) == "dropout"
    assert found.shares["dropout"] > 0.9
    assert sum(found.shares.values()) == pytest.approx(1)
    assert (found.epoch, found.trials) == (1, 30)


def test_alternatives_are_one_parameter_and_conditional_ones_are_named() -> None:
    found = of(trials(12))
    assert set(found.shares) == {"optimizer", "lr", "dropout"}  # width is a constant
    assert found.left_out == ("momentum",)


def test_only_scores_at_the_first_rung_count() -> None:
    records = trials(12)
    later = [replace(r, values={1: r.values[1]} | {n: 1.0 for n in r.values if n > 1}) for r in records]
    assert of(later) == of(records)


def test_the_same_trials_give_the_same_importance_and_optunas_logging_stays_as_it_was() -> None:
    before = optuna.logging.get_verbosity()
    assert of(trials(12)) == of(trials(12))
    assert optuna.logging.get_verbosity() == before


def test_a_log_range_is_measured_by_its_exponent() -> None:
    """On a plain scale nearly all of such a range is its last decade, and what happens below it would not count."""
    params = {"lr": {"low": 1e-6, "high": 1.0, "log": True}, "dropout": {"low": 0.0, "high": 1.0}}
    records = [
        record(n, "PRUNED", [1.0 if n % 6 < 3 else 0.0], lr=10.0 ** (n % 6 - 6), dropout=((n * 7) % 30) / 30)
        for n in range(30)
    ]
    assert of(records, params).shares["lr"] > 0.9


def test_too_few_trials_and_nothing_to_compare_are_said_so() -> None:
    with pytest.raises(NotEnoughTrialsError, match=f"4 trials reached epoch 1, and at least {LEAST_TRIALS}"):
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
