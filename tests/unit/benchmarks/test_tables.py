"""Tables of learning curves: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from replay.tables import read_table
from support.made_up_curves import EPOCHS, REPEATS, SAMPLES, made_up_table

from tuner.core.errors import TunerError


def test_a_table_is_read(tmp_path: Path) -> None:
    table = read_table(made_up_table(tmp_path / "small.npz"))
    assert (table.name, table.epochs, table.repeats, table.samples) == ("small", EPOCHS, REPEATS, SAMPLES)
    assert table.curves.shape == (40, EPOCHS, 2)
    assert table.parameters[:REPEATS] == table.parameters[-REPEATS:]


def test_the_samples_may_be_said(tmp_path: Path) -> None:
    assert read_table(made_up_table(tmp_path / "small.npz"), samples=777).samples == 777


def test_a_table_may_say_its_samples(tmp_path: Path) -> None:
    assert read_table(made_up_table(tmp_path / "small.npz", samples=888)).samples == 888


def test_no_number_of_samples_is_guessed_for_any_accuracies(tmp_path: Path) -> None:
    curves = np.random.default_rng(0).uniform(0, 1, (40, EPOCHS, 2))
    assert read_table(made_up_table(tmp_path / "small.npz", curves=curves)).samples == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        *[({key: None}, f"no '{key}'") for key in ("space", "params", "curves", "repeats")],
        ({"space": "epochs ="}, "not valid TOML"),
        ({"space": "epochs = 9"}, "[params]"),
        ({"params": "no list"}, "'params' is no JSON"),
        ({"params": "{}"}, "must be a list"),
        ({"params": "[{}]"}, "1 sets of parameters for 40 curves"),
        ({"params": json.dumps([{"lr": 1.0}] * 40)}, "do not fit the space: layers, lr"),
        ({"curves": np.zeros((40, 9))}, "(trainings, epochs, 2)"),
        ({"curves": np.zeros((40, 9, 3))}, "(trainings, epochs, 2)"),
        ({"curves": np.zeros((40, 9, 2), dtype=int)}, "int64"),
        ({"curves": np.full((40, 9, 2), 1.11)}, "outside 0 to 1"),
        ({"curves": np.full((40, 9, 2), np.nan)}, "outside 0 to 1"),
        ({"curves": np.zeros(()), "params": "[]"}, "(trainings, epochs, 2)"),
        ({"curves": np.zeros((5, 9, 2)), "params": "[]"}, "0 sets of parameters for 5 curves"),
        ({"repeats": 0}, "from 1 to 20"),
        ({"repeats": 21}, "from 1 to 20"),
        ({"repeats": 1.5}, "from 1 to 20"),
        ({"repeats": [1, 2]}, "from 1 to 20"),
        ({"samples": 0}, "'samples' must be a whole number"),
        ({"samples": "many"}, "'samples' must be a whole number"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, changes: dict[str, Any], word: str) -> None:
    path = made_up_table(tmp_path / "small.npz", **changes)
    with pytest.raises(TunerError) as caught:
        read_table(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert word in text
    assert "\n" not in text


def test_a_few_trainings_are_refused(tmp_path: Path) -> None:
    whole = read_table(made_up_table(tmp_path / "small.npz"))
    few = made_up_table(tmp_path / "few.npz", curves=whole.curves[:10], params=json.dumps(whole.parameters[:10]))
    with pytest.raises(TunerError, match="10 trainings; at least 20"):
        read_table(few)


def test_other_files_are_refused(tmp_path: Path) -> None:
    for name, content in {"text.npz": b"no zip", "empty.npz": b"", "cut.npz": b"PK\x03\x04"}.items():
        (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "array.npy", np.zeros(3))
    pickled = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / "pickled.npz", space=pickled, params=pickled, curves=pickled, repeats=pickled)
    for name in ("text.npz", "empty.npz", "cut.npz", "array.npy", "pickled.npz", "none.npz", "."):
        with pytest.raises(TunerError, match=name):
            read_table(tmp_path / name)
