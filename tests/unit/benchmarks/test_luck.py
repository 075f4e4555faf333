"""The bench of what is said of luck: trainings whose samples are divided anew."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from luck import Divided, offset, one, row
from replay.tables import read_table

SPACE = "epochs = 3\n[params]\nlr = { low = 0.01, high = 0.1, log = true }\n"
SAMPLES, TESTED, EPOCHS = 40, 60, 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Of 40 trainings that differ by luck alone, and 4 repetitions."""
    right = np.random.default_rng(0).uniform(size=(44, EPOCHS, SAMPLES + TESTED)) < 0.8
    curves = np.stack([right[..., :SAMPLES].mean(axis=-1), right[..., SAMPLES:].mean(axis=-1)], axis=-1)
    lrs = np.linspace(0.01, 0.1, 40).tolist()
    np.savez_compressed(
        tmp_path / "luck.npz",
        space=SPACE,
        params=json.dumps([{"lr": lr} for lr in (*lrs, *lrs[:4])]),
        curves=curves.astype(np.float16),
        repeats=4,
        samples=SAMPLES,
        right=np.packbits(right, axis=-1),
        tested=TESTED,
    )
    return tmp_path / "luck.npz"


def test_each_sweep_has_its_own_division_and_each_training_once(file: Path) -> None:
    first, again, other = (Divided(file, seed, 16) for seed in (0, 0, 1))
    curves = [first({}, 0) for _ in range(16)]
    assert curves == [again({}, 0) for _ in range(16)]
    assert curves[0] != other({}, 0)
    assert len({tuple(curve.accuracy) for curve in curves}) > 12
    whole = {tuple(np.round(SAMPLES * np.array(c.accuracy) + TESTED * np.array(c.test)).tolist()) for c in curves}
    with np.load(file) as table:
        known = np.unpackbits(table["right"], axis=-1, count=SAMPLES + TESTED).sum(axis=-1)
    assert whole <= {tuple(row.tolist()) for row in known}, "the samples of a training are divided, and none is lost"


def test_what_is_found_in_sweeps_of_luck_alone_is_luck(file: Path) -> None:
    ended = [one(file, 16, seed, divided=True) for seed in range(3)]
    assert all(len(each.records) == 16 and each.tested == TESTED for each in ended)
    assert np.mean([each.excess - each.easier for each in ended]) > 0
    assert row("x", ended).startswith("| x | 3 of 3 |")


def test_what_the_split_of_a_table_is_easier_by_is_taken_off(file: Path) -> None:
    table = read_table(file)
    last = table.curves[:, -1].mean(axis=1)
    assert abs(offset(table, float(np.median(last)))) < 0.2
