"""Raw texts and rows of any kind become model inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tuner.core.errors import TunerError
from tuner.data.encoding import to_inputs
from tuner.data.spec import Column, DataSpec

WORDS = DataSpec(
    name="reviews", task="text", shape=(3,), classes=("bad", "good"), mean=(), std=(), vocabulary=("good", "film")
)
COLUMNS = (Column(name="age", fill=40.0), Column(name="size", categories=("large", "small")))
TABLE = DataSpec(
    name="people", task="tabular", shape=(3,), classes=("a", "b"), mean=(0,) * 3, std=(1,) * 3, columns=COLUMNS
)


@pytest.mark.parametrize(
    "raw",
    [
        ["A good film"],
        ("A good film",),
        "A good film",
        np.array(["A good film"]),
        np.array([["A good film"]], dtype=object),
        pd.Series(["A good film"]),
        pd.DataFrame({"text": ["A good film"], "stars": [3]}),
        pd.DataFrame({"review": ["A good film"]}),
        pd.DataFrame({"review": ["A good film"], "stars": [3]}),
        {"text": ["A good film"]},
        {"review": "A good film"},
    ],
)
def test_a_text_is_read_alike_in_each_form(raw: Any) -> None:
    assert to_inputs(WORDS, raw).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"good", "must be texts, got b'good'"),
        ([b"good"], "must be texts, got b'good'"),
        ([None], "must be texts, got None"),
        ([3], "must be texts, got 3"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "must be texts, in a column 'text'"),
        (np.array([["a", "b"]]), "must be texts, got an array of 2 columns"),
    ],
)
def test_what_is_no_text_is_refused(raw: Any, reason: str) -> None:
    with pytest.raises(TunerError) as error:
        to_inputs(WORDS, raw)
    assert str(error.value) == f"samples for a model of reviews {reason}"


@pytest.mark.parametrize(
    "raw",
    [
        {"age": [5, None], "size": ["small", "NA"]},
        {"age": np.array([5, np.nan]), "size": np.array(["small", ""], dtype=object)},
        [{"age": 5, "size": "small"}, {"age": None}],
        pd.DataFrame({"size ": ["small", None], " age": ["5", " "], "more": [1, 2]}),
        np.array([[5, "small"], [None, None]], dtype=object),
        [[5, "small"], [np.nan, ""]],
        np.array([[5.0, 0, 1], [40, 0, 0]]),
    ],
)
def test_rows_are_read_alike_in_each_form(raw: Any) -> None:
    assert to_inputs(TABLE, raw).tolist() == [[5, 0, 1], [40, 0, 0]]


def test_a_single_row_may_come_as_a_dictionary_or_a_series() -> None:
    for raw in ({"age": 5, "size": "small"}, pd.Series({"age": 5, "size": "small"})):
        assert to_inputs(TABLE, raw).tolist() == [[5, 0, 1]]


def test_what_is_unknown_is_told_and_what_cannot_be_read_refused() -> None:
    told: list[str] = []
    features = to_inputs(TABLE, {"age": [1, 2, 3], "size": ["huge", "small", "tiny"]}, tell=told.append)
    assert torch.equal(features[:, 1:], torch.tensor([[0, 0], [0, 1], [0, 0]], dtype=torch.float64))
    assert told == ["column 'size': 2 of 3 cells have a category that training did not know, such as 'huge'"]
    with pytest.raises(TunerError) as error:
        to_inputs(TABLE, {"age": ["x", 1, True], "size": [None] * 3})
    line = "samples for a model of people, row 0: column 'age' must be a number, got 'x' (and 1 more rows like it)"
    assert str(error.value) == line
    with pytest.raises(TunerError, match="columns of different lengths: 'age' has 1, 'size' has 2"):
        to_inputs(TABLE, {"age": [1], "size": ["a", "b"]})


def test_missing_values_are_counted_and_told() -> None:
    told: list[str] = []
    rows = {"age": [float("inf"), None, 3, ""], "size": ["small"] * 4}
    features = to_inputs(TABLE, rows, tell=told.append)
    mean = TABLE.columns[0].fill
    assert features[:, 0].tolist() == [mean, mean, 3, mean]
    assert told == ["missing values in 4 rows, for which the mean of training is taken: 'age' (3)"]
