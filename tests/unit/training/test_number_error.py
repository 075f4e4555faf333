"""The intervals of scores of numbers: how often they contain the true value, and what they say of two models."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.training import number_error
from tuner.training.number_error import (
    compare_numbers,
    has_learnt_numbers,
    paired_number_error,
    score_numbers,
)
from tuner.training.score_error import Floats

TRUE = {"r2": 1 - 0.36 / 1.36, "rmse": 0.6, "mae": 0.6 * (2 / np.pi) ** 0.5}


def draw(samples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Targets and predictions with a normal error of 0.6."""
    predicted = rng.standard_normal(samples)
    return predicted + 0.6 * rng.standard_normal(samples), predicted


@pytest.mark.parametrize(("samples", "least"), [(40, 0.86), (200, 0.90)])
def test_nine_of_ten_intervals_contain_the_true_score(
    samples: int, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With normal errors. For 40 samples the bootstrap is a little too sure, as it is known to be."""
    monkeypatch.setattr(number_error, "RESAMPLES", 400)
    rng, hits = np.random.default_rng(0), dict.fromkeys(TRUE, 0)
    for _ in range(200):
        found = score_numbers(*draw(samples, rng))
        for name, value in TRUE.items():
            hits[name] += found[name].interval.low <= value <= found[name].interval.high
    assert all(count >= least * 200 for count in hits.values()), hits


def test_the_scores_are_those_of_scikit_learn_in_any_unit() -> None:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    targets, predicted = draw(90, np.random.default_rng(1))
    for scale, offset in ((1.0, 0.0), (1e9, 1e12), (1e-9, 0.0)):
        true, said = targets * scale + offset, predicted * scale + offset
        found = score_numbers(true, said)
        expected = (r2_score(true, said), root_mean_squared_error(true, said), mean_absolute_error(true, said))
        assert [found[name].value for name in ("r2", "rmse", "mae")] == pytest.approx(expected, rel=1e-4)
        assert all(each.interval.low <= each.value <= each.interval.high for each in found.values())


def test_a_better_model_is_told_from_an_equal_one() -> None:
    rng = np.random.default_rng(2)
    targets, good = draw(200, rng)
    worse, equal = good + rng.standard_normal(200), good + 0.01 * rng.standard_normal(200)
    found = compare_numbers(targets, good, worse)
    assert (found.better, found.of) == (True, "r2")
    assert found.p < 0.001
    r2 = [score_numbers(targets, each)["r2"].value for each in (good, worse)]
    assert found.size == pytest.approx(r2[0] - r2[1])
    assert compare_numbers(targets, worse, good).worse
    same = compare_numbers(targets, good, equal)
    assert (same.better, same.worse) == (False, False)
    assert paired_number_error(targets, good, equal) < paired_number_error(targets, good, worse)
    nothing = compare_numbers(targets, good, good)
    assert (nothing.size, nothing.p) == (0, 1)


def test_a_model_that_knows_nothing_has_learnt_nothing() -> None:
    rng, luck, trials = np.random.default_rng(3), 0, 100
    for _ in range(trials):
        targets = rng.standard_normal(60)
        guesses = [0.1 * rng.standard_normal(60) for _ in range(8)]
        best = min(guesses, key=lambda guess: float(((targets - guess) ** 2).mean()))
        luck += has_learnt_numbers(targets, best, 0.0, chosen_of=8)
    assert luck <= 0.1 * trials
    targets, predicted = draw(60, rng)
    assert has_learnt_numbers(targets, predicted, 0.0, chosen_of=8)
    assert not has_learnt_numbers(targets, np.zeros(60), 0.0)
    assert not has_learnt_numbers(targets, -predicted, 0.0)
