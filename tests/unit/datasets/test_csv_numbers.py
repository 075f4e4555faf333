"""A user's own table with a number to predict: what decides that, how it is read and divided, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_diabetes

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec, Splits


def load(path: Path, target: str = "y", **options: str) -> Splits:
    splits: Splits = catalog.read_format("csv", path, target, **options)
    return splits


def write(folder: Path, values: list[Any], name: str = "table") -> Path:
    frame = pd.DataFrame({"x": np.arange(len(values)) % 17 + 0.5, "y": values})
    frame.to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv"


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(TunerError) as error:
        load(path, **options)
    message = str(error.value)
    assert "\n" not in message
    return message.removeprefix(f"csv:{path}")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1] * 50, "classification"),
        ([1, 2, 3, 4, 5] * 20, "classification"),
        ([1.5, 2.5, 3.5, 4.5] * 25, "classification"),
        (list(range(30)) * 10, "classification"),  # as many whole numbers, with ten rows each
        (list(range(30)) * 3, "regression"),
        ([number / 7 for number in range(100)], "regression"),
        ([f"{number},5" for number in range(100)], "regression"),
        ([f"$ {1000 * number:,}" for number in range(1, 101)], "regression"),
        ([number / 3 for number in range(18)] + [1.0] * 2, "regression"),  # classes would have one row
        (["cat", "dog"] * 50, "classification"),
    ],
)
def test_what_the_target_column_holds_decides_what_is_predicted(tmp_path: Path, values: list[Any], task: str) -> None:
    splits = load(write(tmp_path, values))
    assert splits.spec.kind.task == task
    assert (splits.spec.outputs == 1) == (task == "regression")
    assert splits.train.targets.dtype == (torch.float64 if task == "regression" else torch.int64)
    told = [note for note in splits.notes if "--task" in note]
    assert bool(told) == (values != ["cat", "dog"] * 50)
    assert all(task in note for note in told)


def test_a_user_can_say_the_other(tmp_path: Path) -> None:
    ratings = write(tmp_path, [1, 2, 3, 4, 5] * 20)
    assert load(ratings, task="regression").spec.number
    numbers = write(tmp_path, list(range(30)) * 5, "numbers")
    assert load(numbers).spec.number
    assert len(load(numbers, task="classification").spec.classes) == 30
    assert not any("--task" in note for note in load(numbers, task="classification").notes)
    assert refusal(ratings, task="ranking").endswith("choose one of classification, regression")


def test_all_formats_of_a_table_give_the_same_numbers(tmp_path: Path) -> None:
    frame = load_diabetes(as_frame=True, scaled=False).frame
    frame.to_csv(tmp_path / "diabetes.csv", index=False)
    frame.to_parquet(tmp_path / "diabetes.parquet")
    frame.to_excel(tmp_path / "diabetes.xlsx", index=False)
    csv, *others = (load(tmp_path / f"diabetes.{ending}", "target") for ending in ("csv", "parquet", "xlsx"))
    for other in others:
        assert other.fingerprint() == csv.fingerprint()
    assert [len(part.targets) for part in (csv.train, csv.validation, csv.test)] == [282, 70, 90]
    every = torch.cat([csv.train.targets, csv.validation.targets, csv.test.targets])
    assert sorted(every.tolist()) == sorted(frame["target"].tolist())


def test_each_split_has_small_and_large_numbers_in_proportion(tmp_path: Path) -> None:
    skewed = np.exp(2 * np.random.default_rng(0).standard_normal(1000))
    splits = load(write(tmp_path, skewed.tolist()))
    limits = np.quantile(skewed, [0.1, 0.5, 0.9])
    for part in (splits.train, splits.validation, splits.test):
        below = [(part.targets.numpy() < limit).mean() for limit in limits]
        assert below == pytest.approx([0.1, 0.5, 0.9], abs=0.02)
    assert any("of the variance of 'y'" in note for note in splits.notes)
    limited = splits.limit(100)
    assert len(limited.train.targets) + len(limited.validation.targets) == pytest.approx(100, abs=12)
    with pytest.raises(TunerError, match=r"needs at least 20 samples$"):
        splits.limit(10)


def test_numbers_are_scaled_by_the_training_split_alone_and_come_back(tmp_path: Path) -> None:
    huge = [3e9 + 1e3 * number for number in range(100)]
    splits = load(write(tmp_path, huge))
    number = splits.spec.number
    assert number
    assert number.mean == pytest.approx(float(splits.train.targets.mean()))
    scaled = number.scaled(splits.train.targets)
    assert float(scaled.mean()) == pytest.approx(0, abs=1e-5)
    assert float(scaled.std(correction=0)) == pytest.approx(1)
    assert number.unscaled(scaled[:, None]).tolist() == pytest.approx(splits.train.targets.tolist(), rel=1e-9)
    assert DataSpec.from_json(_json(splits.spec)) == splits.spec


def _json(spec: DataSpec) -> Any:
    import json
    from dataclasses import asdict

    return json.loads(json.dumps(asdict(spec)))


def test_rows_without_a_number_are_skipped_and_told(tmp_path: Path) -> None:
    splits = load(write(tmp_path, [*(number / 7 for number in range(100)), "", "NA", "n/a"]))
    assert sum(len(part.targets) for part in (splits.train, splits.validation, splits.test)) == 100
    assert "3 rows without a 'y' skipped" in splits.notes


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([*(n / 7 for n in range(99)), "much"], ", line 101: 'y' must be a finite number, got 'much': leave the cell"),
        ([*(n / 7 for n in range(98)), "inf", "inf"], ", line 100: 'y' must be a finite number, got 'inf' (and 1 more"),
        ([n / 7 for n in range(12)], ": 12 rows with a 'y': to predict a number, at least 20 are needed"),
    ],
)
def test_what_is_no_number_is_refused_in_one_line(tmp_path: Path, values: list[Any], reason: str) -> None:
    assert refusal(write(tmp_path, values)).startswith(reason)


def test_a_target_with_one_value_is_refused(tmp_path: Path) -> None:
    same = write(tmp_path, [5.5] * 100)
    assert refusal(same, task="regression") == ": every 'y' is 5.5: there is nothing to predict"
    words = write(tmp_path, ["cat", "dog"] * 50, "words")
    assert refusal(words, task="regression").startswith(", line 2: 'y' must be a finite number, got 'cat'")
