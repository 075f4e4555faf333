"""Checks of hyperparameters that models share: a bad value is refused in one line with the valid ones."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec


def check_number(model: str, keyword: str, value: float, low: float, high: float) -> None:
    """Raises TunerError unless `value` is a number with low <= value <= high (NaN is not)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise TunerError(f"{model}: {keyword} is {value!r}: choose a number from {low} to {high}")


def check_integer(model: str, keyword: str, value: int, low: int, high: int) -> None:
    """Raises TunerError unless `value` is an integer with low <= value <= high."""
    if type(value) is not int or not low <= value <= high:
        raise TunerError(f"{model}: {keyword} is {value!r}: choose an integer from {low} to {high}")


def check_max_length(model: str, value: int, data: DataSpec, default: int) -> None:
    """Raises TunerError when `value` is more words than the dataset keeps per text; the default may be more."""
    check_integer(model, "max_length", value, 1, max(default, data.shape[0]))


def check_choice(model: str, keyword: str, value: int | str, choices: Sequence[int] | Sequence[str]) -> None:
    """Raises TunerError unless `value` is one of `choices`."""
    if type(value) is not type(choices[0]) or value not in choices:
        raise TunerError(f"{model}: {keyword} is {value!r}: choose one of {', '.join(map(str, choices))}")


def check_flag(model: str, keyword: str, value: bool) -> None:
    """Raises TunerError unless `value` is true or false."""
    if type(value) is not bool:
        raise TunerError(f"{model}: {keyword} is {value!r}: choose true or false")


def check_dropout(model: str, value: float) -> None:
    """Raises TunerError unless `value` is a dropout rate that leaves some activations: 0 to 0.95."""
    check_number(model, "dropout", value, 0.0, 0.95)
