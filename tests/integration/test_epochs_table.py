"""A sweep as a table: `tuner logs NAME --csv`, `--json` and `--parquet`, and `Sweep.epochs`."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support.common import Typed, make_record, read_study
from support.two_models import FIRST

from tuner import Sweep
from tuner.core.epoch_rows import epoch_rows, rows_json, write_csv, write_parquet


@pytest.fixture
def home(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNER_HOME", str(trained))
    return trained


def test_the_table_is_what_the_study_has_in_each_form(home: Path, tmp_path: Path, typed: Typed) -> None:
    code, out, err = typed("logs", FIRST, "--csv")
    table = pd.read_csv(io.StringIO(out))
    assert (code, err) == (0, "")
    [trial] = read_study(home / FIRST).trials
    assert dict(zip(table["epoch"], table["val_accuracy"], strict=True)) == trial.intermediate_values
    assert list(table["epoch"]) == [1, 2, 3, 4]
    assert table["kept"].sum() == 1
    assert set(table["params_lr"]) == {trial.user_attrs["parameters"]["lr"]} == {0.02}
    assert set(table["state"]) == {"done"}
    assert table["time"].is_monotonic_increasing
    assert {"train_loss", "val_loss", "params_optimizer", "seed", "reason"} <= set(table.columns)
    rows = json.loads(typed("logs", FIRST, "--json", "--trial", "0")[1])
    assert [row["val_loss"] for row in rows] == list(table["val_loss"])
    code, out, err = typed("logs", FIRST, "--parquet", str(tmp_path / "t.parquet"))
    assert (code, out, err.startswith("wrote ")) == (0, "", True)
    stored = pd.read_parquet(tmp_path / "t.parquet")
    assert list(stored.columns) == list(table.columns)
    assert list(stored["val_loss"]) == list(table["val_loss"])
    frame = Sweep.open(FIRST).epochs
    assert list(frame["val_loss"]) == list(table["val_loss"])
    assert list(frame["epoch"]) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--csv", "--json"], "--csv and --json: give one of them"),
        (["--csv", "--follow"], "--follow shows lines for people"),
        (["--csv", "--trial", "7"], f"{FIRST} has no trial 7: it has 1 trial"),
        (["--parquet", "/proc/x.parquet"], "/proc/x.parquet cannot be written: No such file or directory"),
        (["--parquet", "t.parquet", "--address", "http://head:1"], "on the cluster: take --csv, and > FILE"),
    ],
)
def test_what_does_not_go_is_said_in_one_line(home: Path, typed: Typed, words: list[str], said: str) -> None:
    assert home
    code, out, err = typed("logs", FIRST, *words)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert said in err


def test_trials_that_differ_have_the_same_columns_and_none_is_left_out(tmp_path: Path) -> None:
    first = make_record(0, "COMPLETE", {1: {"time": 1.0, "epoch": 1, "val_loss": float("nan"), "val_accuracy": 0.5}})
    other = make_record(1, "FAIL", {}, 'out of memory, "quoted"\nin two lines')
    rows = epoch_rows([replace(first, parameters={"lr": 0.1, "width": 1}), replace(other, parameters={"width": "all"})])
    assert [(row["trial"], row["epoch"], row["kept"]) for row in rows] == [(0, 1, True), (1, None, False)]
    assert [(row["params_lr"], row["params_width"]) for row in rows] == [(0.1, 1), (None, "all")]
    assert json.loads(rows_json(rows))[0]["val_loss"] is None
    [own] = epoch_rows([make_record(0, "COMPLETE", {1: {"epoch": 1, "val_accuracy": 0.5, "state": 3.0, "seed": 4.0}})])
    assert (own["state"], own["metrics_state"], own["metrics_seed"]) == ("done", 3.0, 4.0)
    assert json.loads(rows_json([])) == []
    text = io.StringIO()
    write_csv(rows, text)
    read = pd.read_csv(io.StringIO(text.getvalue()))
    assert read["reason"][1] == other.reason
    write_parquet(rows, tmp_path / "x.parquet")
    stored = pd.read_parquet(tmp_path / "x.parquet")
    assert list(stored["params_width"]) == ["1", "all"]
    write_parquet([], tmp_path / "empty.parquet")
    assert len(pd.read_parquet(tmp_path / "empty.parquet")) == 0
