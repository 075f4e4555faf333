"""The surrogate of a table: what a training of any configuration reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from replay.chance import Chance
from replay.encoding import Encoding
from replay.forest import Forest
from replay.surrogate import Surrogate
from replay.tables import Parameters, Table, read_table
from support.made_up_curves import EPOCHS, SAMPLES, made_up_score, made_up_table

from tuner.core import catalog
from tuner.search.space_file import parse_space, read_toml


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return read_table(made_up_table(tmp_path / "small.npz"))


def test_it_reproduces_the_recorded_curves_roughly(table: Table) -> None:
    surrogate = Surrogate(table, 0)
    found = np.array([surrogate(each, 0).test for each in table.parameters])
    recorded = table.curves[..., 1]
    assert abs(found - recorded).mean() < 0.04
    assert np.corrcoef(found[:, -1], recorded[:, -1])[0, 1] > 0.85


def test_it_knows_more_than_nothing_of_other_configurations(table: Table) -> None:
    surrogate, draw = Surrogate(table, 0), Chance(np.random.default_rng(1))
    drawn = [table.space(draw) for _ in range(200)]
    found = [surrogate(each, 0).truth[-1] for each in drawn]
    assert np.corrcoef(found, [made_up_score(each, EPOCHS) for each in drawn])[0, 1] > 0.6


def test_it_is_deterministic_and_each_seed_differs(table: Table) -> None:
    parameters, surrogate = table.space(Chance(np.random.default_rng(7))), Surrogate(table, 0)
    curve = surrogate(parameters, 5)
    assert curve == Surrogate(table, 0)(dict(reversed(parameters.items())), 5)
    assert len({tuple(surrogate(parameters, seed).test) for seed in range(20)}) > 5
    assert curve.truth != Surrogate(table, 1)(parameters, 5).truth, "each seed has other trainings"
    assert curve.seconds == Surrogate(table, 1)(parameters, 5).seconds, "they have the same chance"


def test_the_noise_is_that_of_the_repetitions(table: Table) -> None:
    surrogate, pairs = Surrogate(table, 0), table.curves[: table.repeats] - table.curves[-table.repeats :]
    curves = [surrogate(table.parameters[0], seed) for seed in range(300)]
    noise = np.std([curve.test[-1] - curve.truth[-1] for curve in curves])
    assert 0.3 < noise / (pairs[:, -1, 1].std() / 2**0.5) < 3


def test_a_curve_is_one_of_a_training(table: Table) -> None:
    surrogate = Surrogate(table, 0)
    for seed in range(50):
        curve = surrogate(table.parameters[seed % 40], seed)
        whole = np.array(curve.accuracy) * SAMPLES
        assert np.allclose(whole, whole.round())
        assert all(0 <= value <= 1 for value in curve.accuracy + curve.test)
        assert all(
            0 <= loss + accuracy - 1 < 1 / SAMPLES for loss, accuracy in zip(curve.loss, curve.accuracy, strict=True)
        )
        assert all(1 <= kept <= epoch for epoch, kept in enumerate(curve.kept, 1))
        assert curve.seconds > 0


def test_the_best_of_a_table_is_above_nearly_all_trainings(table: Table) -> None:
    best = Surrogate(table, 0).best()
    assert np.quantile(table.curves[:, -1, 1], 0.9) < best < table.curves[..., 1].max() + 0.02


def test_a_single_point_is_predicted_as_scikit_learn_does(table: Table) -> None:
    encode = Encoding(table.space)
    points = np.array([encode(each) for each in table.parameters])
    forest = Forest(points, table.curves[..., 0], 0)
    others = np.random.default_rng(0).uniform(0, 1, (50, points.shape[1]))
    assert np.allclose([forest(point) for point in others], forest.many(others), atol=1e-6)


def test_an_encoding_lies_between_0_and_1_and_an_inactive_parameter_does_not_matter(table: Table) -> None:
    encode, draw = Encoding(table.space), Chance(np.random.default_rng(0))
    points = np.array([encode(table.space(draw)) for _ in range(100)])
    assert points.shape == (100, 6)  # lr, momentum, layers, size, sgd, adam
    assert points.min() >= 0
    assert points.max() <= 1
    adam: Parameters = {"optimizer": "adam", "lr": 0.01, "layers": 4, "size": 16}
    assert encode(adam).tolist() == pytest.approx([0.5, 0.5, 1, 0, 0, 1])


@pytest.mark.parametrize("name", catalog.names("search_spaces"))
def test_a_random_configuration_lies_in_its_space(name: str) -> None:
    space = parse_space(read_toml(catalog.search_space(*name.rsplit("-", 1)), name), name)
    encode, draw = Encoding(space), Chance(np.random.default_rng(0))
    points = np.array([encode(space(draw)) for _ in range(200)])
    assert (points.min(), points.max()) == pytest.approx((0, 1), abs=0.05)
