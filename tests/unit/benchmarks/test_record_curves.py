"""Recording learning curves of real trainings."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import record_curves
from record_curves import Order, Task, record, task_of, training
from replay.tables import read_table

from tuner.core.errors import TunerError
from tuner.data.source import Source
from tuner.data.spec import fingerprint

SPACE = "epochs = 2\n[params]\nlr = { low = 0.01, high = 0.1, log = true }\nhidden_size = { choices = [4, 8] }\n"


def order(pair: str, folder: Path) -> Order:
    return Order(pair=pair, folder=folder, seconds=0.0, seed=0, limit=100, test_limit=60)


def quick(order: Order) -> Task:
    return replace(task_of(order), space_text=SPACE)


def test_what_is_recorded_is_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = quick(order("table-mlp", tmp_path))
    monkeypatch.setattr(record_curves, "task_of", lambda _: task)
    line = record(order("table-mlp", tmp_path))
    table = read_table(tmp_path / "table-mlp.npz")
    assert "20 trainings and 1 repetitions of 2 epochs" in line
    assert (table.curves.shape, table.repeats, table.samples) == ((21, 2, 2), 1, 500)
    assert table.parameters[-1] == table.parameters[0]
    assert len({each["lr"] for each in table.parameters}) == 20


def test_which_samples_are_right_is_kept_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = quick(order("table-mlp", tmp_path))
    monkeypatch.setattr(record_curves, "task_of", lambda _: task)
    record(replace(order("table-mlp", tmp_path), right=True))
    with np.load(tmp_path / "table-mlp.npz", allow_pickle=False) as file:
        right = np.unpackbits(file["right"], axis=-1, count=500 + int(file["tested"]))
        curves = file["curves"]
    assert right[..., :500].mean(axis=-1) == pytest.approx(curves[..., 0], abs=1e-3)
    assert right[..., 500:].mean(axis=-1) == pytest.approx(curves[..., 1], abs=1e-3)


def test_trainings_are_added_to_those_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = order("table-mlp", tmp_path)
    task = quick(first)
    monkeypatch.setattr(record_curves, "task_of", lambda _: task)
    record(first)
    before = read_table(first.file)
    assert "40 trainings and 2 repetitions" in record(replace(first, add=True))
    table = read_table(first.file)
    assert table.repeats == 2
    assert table.parameters[-2:] == table.parameters[:2]
    assert table.parameters[-2] == before.parameters[0]
    assert [each["lr"] for each in before.parameters] == [
        each["lr"] for each in table.parameters if each in before.parameters
    ]
    assert len({each["lr"] for each in table.parameters}) == 40, "others are drawn"
    assert table.curves[-2].tolist() == before.curves[-1].tolist(), "curves go with their parameters"
    other = replace(task, space_text=SPACE.replace("0.1", "0.2"))
    monkeypatch.setattr(record_curves, "task_of", lambda _: other)
    with pytest.raises(TunerError, match="another search space"):
        record(replace(first, add=True))


def test_the_seed_decides_a_training(tmp_path: Path) -> None:
    task = quick(order("table-mlp", tmp_path))
    first, again, other = (training(task, {"lr": 0.05, "hidden_size": 8}, seed)[0] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_pair_of_the_catalog_has_its_own_space_and_splits(tmp_path: Path) -> None:
    task = task_of(order("digits-cnn", tmp_path))
    limited = Source.parse("digits", None).load().limit(100)
    assert [fingerprint(split) for split in (task.train, task.validation)] == [
        fingerprint(split) for split in (limited.train, limited.validation)
    ], "those of a sweep with --limit 100"
    assert len(task.test.targets) == 60
    assert task.space.epochs == 20
    assert set(task.test.targets.tolist()) == set(range(10))


def test_the_artificial_table_has_ten_parameters(tmp_path: Path) -> None:
    assert len({each.name for each in task_of(order("table-mlp", tmp_path)).space.parameters}) == 10


def test_an_unknown_pair_gets_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["record_curves.py", "digits-cnm"])
    assert record_curves.main() == 2
    error = capsys.readouterr().err
    assert error.startswith("error: unknown pair 'digits-cnm': did you mean digits-cnn")
    assert error.count("\n") == 1
