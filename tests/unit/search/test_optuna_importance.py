"""Importance by Optuna's evaluators, on extrapolated scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.made_up_trials import config, record

from tuner.core.records import TrialRecord
from tuner.search.importance import NotEnoughTrialsError
from tuner.search.optuna_importance import LEAST_TRIALS, optuna_importance

Score = Callable[[float, float], float]


def trials(count: int, score: Score) -> list[TrialRecord]:
    """Trials of the space of `config`, whose score depends on the place of lr in sgd's range, and on the dropout.

    Every third trains to the end, the others stop at the first rung, after epoch 1 of 9.
    """
    rng, found = np.random.default_rng(0), []
    for number in range(count):
        place, dropout, sgd = rng.random(), rng.random() / 2, number % 2 == 0
        lr = 10 ** (-2 + 2 * place) if sgd else 10 ** (-4 + 2 * place)
        parameters = {"optimizer": "sgd" if sgd else "adam", "lr": lr, "dropout": dropout, "width": 1.0}
        parameters |= {"momentum": 0.9} if sgd else {}
        state = "COMPLETE" if number % 3 == 0 else "PRUNED"
        last = score(place, dropout)
        scores = [last / 2 + last * epoch / 18 for epoch in range(1, 10)] if state == "COMPLETE" else [last * 10 / 18]
        found.append(record(number, state, scores, **parameters))
    return found


def test_the_parameter_that_decides_has_most_of_both_shares() -> None:
    found = optuna_importance(config(), trials(60, lambda _, dropout: 0.9 - dropout))
    assert found.parameters[0].name == "dropout"
    assert found.parameters[0].fanova > 0.6
    assert max(found.parameters, key=lambda each: each.ped_anova).name == "dropout"
    assert sum(each.fanova for each in found.parameters) == pytest.approx(1)
    assert sum(each.ped_anova for each in found.parameters) == pytest.approx(1)
    assert {each.name for each in found.parameters} == {"optimizer", "lr", "dropout"}, "width is a constant"
    assert found.left_out == ("momentum",)
    assert found.trials == 60


def test_alternatives_of_one_parameter_are_one_and_a_call_repeats() -> None:
    records = trials(60, lambda place, _: 0.4 + place / 2)
    found = optuna_importance(config(), records)
    shares = {each.name: each.fanova for each in found.parameters}
    assert shares["lr"] > shares["dropout"]
    assert optuna_importance(config(), records) == found


def test_forests_of_many_trials_are_grown_on_some_of_them_and_say_much_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = trials(300, lambda _, dropout: 0.9 - dropout)
    whole = optuna_importance(config(), records)
    monkeypatch.setattr("tuner.search.optuna_importance.MOST_IN_FOREST", 100)
    found = optuna_importance(config(), records)
    assert (whole.in_forest, found.in_forest, found.trials) == (300, 100, 300)
    assert found.parameters[0].name == whole.parameters[0].name == "dropout"
    assert found.parameters[0].fanova == pytest.approx(whole.parameters[0].fanova, abs=0.1)
    assert found.parameters[0].ped_anova == whole.parameters[0].ped_anova
    assert optuna_importance(config(), records) == found


def test_what_cannot_be_computed_is_said() -> None:
    with pytest.raises(NotEnoughTrialsError, match=f"^9 trials reached the first rung, but at least {LEAST_TRIALS}"):
        optuna_importance(config(), trials(9, lambda _, dropout: 0.9 - dropout))
    same = [record(number, "COMPLETE", [0.5] * 9, dropout=number / 99) for number in range(12)]
    with pytest.raises(NotEnoughTrialsError, match="all 12 trials have the same score"):
        optuna_importance(config(), same)
    fixed = [record(number, "COMPLETE", [number / 20] * 9, dropout=0.1) for number in range(12)]
    with pytest.raises(NotEnoughTrialsError, match="no parameter that all trials have varies"):
        optuna_importance(config(), fixed)
