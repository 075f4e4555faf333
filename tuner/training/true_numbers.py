"""The true numbers of rows to predict, where they are known, and how far off the predictions are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from tuner.core.score_text import interval_text, score_digits
from tuner.core.scores import Interval
from tuner.core.units import counted, number_text
from tuner.data.columns import examine_rows
from tuner.data.spec import NumberTarget
from tuner.training.number_error import score_numbers

LEAST = 2  # numbers that a score is told of


def true_numbers(target: NumberTarget, frame: pd.DataFrame, source: str) -> Iterator[tuple[str | None, str]]:
    """For each row its true number as text, None where it is not known; and the cell where it is no number.

    The column is read as in training.
    """
    found = examine_rows(frame, [target.column], source)
    bad, missing = dict(found.bad), found.missing.get(target.name, np.zeros(len(frame), dtype=bool))
    for row, (cell, number) in enumerate(zip(frame[target.name], found.features[:, 0].tolist(), strict=True)):
        yield (None if row in bad or missing[row] else repr(number)), (str(cell) if row in bad else "")


class Distance:
    """How far off the predictions are, over the rows whose number is known."""

    def __init__(self) -> None:
        self._pairs: list[tuple[float, float]] = []

    def add(self, answers: Iterable[tuple[float, float | None]]) -> None:
        """Counts pairs of the predicted and the true number."""
        self._pairs += [(predicted, truth) for predicted, truth in answers if truth is not None]

    @property
    def known(self) -> int:
        """How many rows there are to tell of."""
        return len(self._pairs) if len(self._pairs) >= LEAST else 0

    def __str__(self) -> str:
        predicted, truth = np.array(self._pairs, dtype=np.float64).T
        scores = score_numbers(truth, predicted)
        told = [f"{name} {_text(*scores[key])}" for name, key in (("RMSE", "rmse"), ("MAE", "mae"), ("R2", "r2"))]
        known = counted(len(self._pairs), "row")
        return f"{', '.join(told)}; over {known} whose number is known (in brackets: 95 % intervals)"


def _text(value: float, interval: Interval) -> str:
    if not np.isfinite(interval).all():
        return number_text(value)
    return f"{score_digits(value, interval)} ({interval_text(interval)})"
