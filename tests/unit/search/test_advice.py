"""What a sweep suggests to try next, from trials whose course is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from support.made_up_trials import record

from tuner.core.records import TrialRecord, Value
from tuner.search.advice import NOTHING_LEARNT, Advice, advise, failures, fit_sentence, still_rising
from tuner.search.importance import importance
from tuner.search.narrower import find_cliffs
from tuner.search.space_file import parse_space

LR: dict[str, Any] = {"lr": {"low": 1e-3, "high": 0.1, "log": True}}


def anything(name: str, value: Value) -> bool:
    return True


def curve(scores: Sequence[float], losses: Sequence[float], **last: float) -> TrialRecord:
    """A trial with these validation scores and losses; `last` changes the metrics of its last epoch."""
    made = record(0, "COMPLETE", scores)
    metrics = {epoch: {**made.metrics[epoch], "val_loss": loss} for epoch, loss in enumerate(losses, start=1)}
    metrics[len(scores)] |= last
    return replace(made, metrics=metrics)


def rising(count: int, name: str, low: float, high: float, **rest: Value) -> list[TrialRecord]:
    """Trials whose score rises with a parameter, drawn at even steps; the last is the best and lies at the edge."""
    step = (high / low) ** (1 / (count - 1)) if low > 0 else 0.0
    values = [low * step**n if low > 0 else low + (high - low) * n / (count - 1) for n in range(count)]
    return [record(n, "COMPLETE", [0.5 + 0.4 * n / count], **{name: value, **rest}) for n, value in enumerate(values)]


def advice(records: list[TrialRecord], params: dict[str, Any], accepts: Any = anything) -> Advice:
    space = parse_space({"epochs": 1, "params": params}, "test")
    best = max(records, key=lambda each: each.best)
    return advise(records, best, space, 1, importance(records, space, 1, ()), accepts)


@pytest.mark.parametrize(
    ("params", "low", "high", "wider"),
    [
        (LR, 1e-3, 0.1, ("lr=0.001..1",)),
        ({"lr": {"low": 0.1, "high": 0.5}}, 0.1, 0.5, ("lr=0.1..0.7",)),
    ],
)
def test_a_best_value_at_the_edge_of_its_range_asks_for_a_wider_one(
    params: dict[str, Any], low: float, high: float, wider: tuple[str, ...]
) -> None:
    found = advice(rising(20, "lr", low, high), params)
    assert found.overrides == wider
    [sentence] = [text for text in found.remarks if "edge" in text]
    assert sentence.startswith(f"The best lr, {high:g}, lies at the upper edge of its range: widen it, {wider[0]}.")


def test_a_range_is_not_widened_to_where_every_trial_fails() -> None:
    trials = rising(20, "lr", 1e-3, 0.1)
    failed = [record(20 + n, "FAIL", [0.5], lr=lr) for n, lr in enumerate((0.11, 0.12, 0.13, 0.14))]
    found = advice([*trials, *failed], {"lr": {"low": 1e-3, "high": 0.14, "log": True}})
    assert [each for each in found.overrides if each.startswith("lr=")] == ["lr=0.001..0.1"]
    assert not [text for text in found.remarks if "edge" in text]


def test_the_lower_edge_and_choices_and_whole_numbers_are_widened_as_well() -> None:
    down = [replace(each, values={1: 1 - each.values[1]}) for each in rising(20, "lr", 1e-3, 0.1)]
    assert advice(down, LR).overrides == ("lr=0.0001..0.1",)
    sizes = [record(n, "COMPLETE", [0.3 + (n % 3) / 5 + n / 1000], size=[16, 32, 64][n % 3]) for n in range(20)]
    assert advice(sizes, {"size": {"choices": [16, 32, 64]}}).overrides == ("size=16,32,64,128",)
    layers = [record(n, "COMPLETE", [0.3 + (n % 4) / 5 + n / 1000], layers=1 + n % 4) for n in range(20)]
    assert advice(layers, {"layers": {"low": 1, "high": 4}}).overrides == ("layers=1..6",)


def test_an_alternative_is_widened_together_with_what_it_depends_on() -> None:
    """`--set lr=...` replaces the ranges of all optimizers by one."""
    params = {
        "optimizer": {"choices": ["sgd", "adam"]},
        "lr": [
            {"when": {"optimizer": "sgd"}, "low": 0.01, "high": 0.1, "log": True},
            {"when": {"optimizer": "adam"}, "low": 1e-4, "high": 1e-3, "log": True},
        ],
    }
    of_sgd = rising(20, "lr", 0.01, 0.1, optimizer="sgd")
    of_adam = [
        replace(each, number=20 + each.number, parameters={"optimizer": "adam", "lr": each.parameters["lr"] / 100})  # type: ignore[operator]
        for each in rising(20, "lr", 0.01, 0.1)
    ]
    found = advice(of_sgd + of_adam, params)
    assert found.overrides == ("optimizer=sgd", "lr=0.01..0.32")
    assert any("The best lr (with optimizer=sgd), 0.1, lies" in text for text in found.remarks)


def test_a_range_is_widened_as_far_as_training_takes_it_and_no_further() -> None:
    falling = [replace(each, values={1: 1 - each.values[1]}) for each in rising(20, "dropout", 0.0, 0.5)]
    params = {"dropout": {"low": 0.0, "high": 0.5}}
    assert advice(falling, params, lambda _, value: float(value) >= 0).overrides == ()
    momentum = rising(20, "momentum", 0.8, 0.95)
    of = {"momentum": {"low": 0.8, "high": 0.95}}
    assert advice(momentum, of, lambda _, value: float(value) < 1).overrides == ("momentum=0.8..0.99",)


def test_an_edge_in_noise_is_none() -> None:
    records = [record(n, "COMPLETE", [(n * 7 % 20) / 20], lr=10 ** (-3 + 2 * (n * 3 % 20) / 19)) for n in range(20)]
    best = max(records, key=lambda each: each.best)
    at_edge = replace(best, parameters={"lr": 0.1})
    found = advice([at_edge if each is best else each for each in records], LR)
    assert found.overrides == ()
    assert found.trials == 40
    assert "20 trials are too few to say which parameters matter." in found.remarks


@pytest.mark.parametrize(("points", "trials"), [(20, None), (25, 25), (80, 40)])
def test_no_more_trials_are_advised_than_the_space_has_points(points: int, trials: int | None) -> None:
    records = [record(n, "COMPLETE", [(n * 7 % 20) / 20], size=1 + n) for n in range(20)]
    middle = max(records, key=lambda each: each.best)
    best = replace(middle, parameters={"size": 10})
    records = [best if each is middle else replace(each, parameters={"size": middle.parameters["size"]})
               if each.parameters["size"] == 10 else each for each in records]  # fmt: skip
    found = advice(records, {"size": {"low": 1, "high": points}})
    assert (found.overrides, found.trials) == ((), trials)


def test_where_nothing_was_learnt_no_change_is_called_one_for_the_better() -> None:
    flat = record(0, "COMPLETE", [0.5] * 8)
    space = parse_space({"epochs": 8, "params": LR}, "test")
    found = advise([flat], flat, space, 8, None, anything, learnt=False)
    assert found == Advice(remarks=(NOTHING_LEARNT,), max_epochs=24)
    assert advise([flat], flat, space, 8, None, anything).remarks[0].startswith("The best trial ")
    up = rising(20, "lr", 1e-3, 0.1)
    parsed = parse_space({"epochs": 1, "params": LR}, "test")
    wider = advise(up, up[-1], parsed, 1, importance(up, parsed, 1, ()), anything, learnt=False)
    assert (wider.remarks[0], wider.overrides, wider.max_epochs) == (NOTHING_LEARNT, ("lr=0.001..1",), None)


def test_a_trial_that_still_rises_at_its_end_asks_for_more_epochs() -> None:
    up = curve([0.1 * n for n in range(1, 9)], [1 - 0.1 * n for n in range(1, 9)])
    assert still_rising(up, 8)
    found = advise([up], up, parse_space({"epochs": 8, "params": LR}, "test"), 8, None, anything)
    assert found.max_epochs == 16
    assert found.remarks[0] == "Trial 0, the best, was still improving at its last epoch: more epochs may help."
    assert not still_rising(up, 20), "it did not train to the end"
    flat = curve([0.5, 0.7, 0.8, 0.8, 0.81, 0.8, 0.801, 0.8], [1.0, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5, 0.5])
    assert not still_rising(flat, 8)
    lucky = curve([0.5, 0.6, 0.7, 0.7, 0.7, 0.7, 0.75, 0.76], [1.0, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5, 0.6])
    assert not still_rising(lucky, 8), "its loss no longer falls"
    assert not still_rising(record(0, "COMPLETE", [0.1, 0.2]), 2), "two epochs say nothing"


def test_a_trial_that_still_rises_is_not_said_to_overfit_for_a_single_epoch_with_a_lower_loss() -> None:
    up = curve([0.1 * n for n in range(1, 9)], [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3, 0.4], train_loss=0.01)
    assert still_rising(up, 8)
    assert "overfits after epoch 7" in fit_sentence(up)
    found = advise([up], up, parse_space({"epochs": 8, "params": LR}, "test"), 8, None, anything)
    assert "was still improving" in found.remarks[0]
    assert not any("overfits" in remark for remark in found.remarks)


def test_over_and_underfitting_are_told_in_a_sentence() -> None:
    late = curve([0.5, 0.7, 0.8, 0.8], [0.9, 0.5, 0.6, 0.7], train_loss=0.01)
    assert fit_sentence(late).startswith(
        "The best trial overfits after epoch 2: its validation loss rises from 0.5 to 0.7"
    )
    gap = curve([0.5, 0.8], [0.9, 0.5], train_accuracy=0.99)
    assert "overfits: accuracy 0.990 on training samples and 0.800 on validation samples after epoch 2" in fit_sentence(
        gap
    )
    small = curve([0.5, 0.6], [0.9, 0.8], train_accuracy=0.6)
    assert fit_sentence(small).startswith("The best trial may underfit: accuracy 0.600 on training samples")
    good = curve([0.5, 0.95], [0.9, 0.2], train_accuracy=0.96)
    assert fit_sentence(good).startswith("The best trial shows no sign of over- or underfitting")


def test_failures_are_counted_with_their_most_common_reason() -> None:
    broken = [replace(record(n, "FAIL", []), reason="out of memory" if n else "nan") for n in range(3)]
    assert failures([*broken, record(3, "COMPLETE", [0.5])]) == "3 of 4 trials failed, 2 of them with: out of memory."
    assert failures(broken[1:]) == "2 of 2 trials failed: out of memory."
    assert failures([record(0, "COMPLETE", [0.5])]) == ""


def test_a_range_beyond_which_every_trial_fails_is_narrowed() -> None:
    values = [10 ** (-3 + 2 * n / 11) for n in range(12)]
    records = [record(n, "FAIL" if n >= 8 else "COMPLETE", [0.5 + n / 100], lr=lr) for n, lr in enumerate(values)]
    space = parse_space({"epochs": 1, "params": LR}, "test")
    [cliff] = find_cliffs(records, records[7], space)
    assert cliff.overrides == ("lr=0.001..0.0187",)
    assert cliff.sentence == (
        "All 4 trials that failed had lr above 0.0187, and none of the others had: narrow it, lr=0.001..0.0187."
    )
    upside_down = [replace(each, state="COMPLETE" if each.state == "FAIL" else "FAIL") for each in records]
    [cliff] = find_cliffs(upside_down, records[9], space)
    assert cliff.overrides == ("lr=0.0285..0.1",)
    mixed = [*records[:-1], replace(records[-1], state="COMPLETE")]
    assert not find_cliffs(mixed, records[7], space)
    assert not find_cliffs(records[6:9], records[7], space), "one failure of three is chance"


def test_after_a_change_of_the_space_only_the_trials_in_it_count_for_its_edges() -> None:
    records = rising(20, "lr", 1e-3, 0.1)
    narrow = parse_space({"epochs": 1, "params": {"lr": {"low": 1e-3, "high": 0.05, "log": True}}}, "test")
    inside = [each for each in records if float(each.parameters["lr"]) <= 0.05]
    outside = advise(records, records[-1], narrow, 1, importance(inside, narrow, 1, ()), anything, inside=inside)
    assert not outside.overrides
    within = advise(records, inside[-1], narrow, 1, importance(inside, narrow, 1, ()), anything, inside=inside)
    assert within.overrides == ("lr=0.001..0.35",)
