"""How bad input may end, and counting it over many."""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from tuner.core.errors import TunerError, printable


class End(StrEnum):
    """The ends that are good. Any other error, and a warning, is a fault, and is raised."""

    REFUSED = "refused in one line"
    SKIPPED = "skipped and counted"
    ACCEPTED = "valid after all"


@dataclass(frozen=True)
class Kind:
    """A kind of input."""

    name: str
    inputs: SearchStrategy[Any]
    attempt: Callable[[Any, Path], End]
    """Hands an input over, in an empty folder, and says how it ended."""
    examples: int
    """How many are made at random in the test suite."""
    always: tuple[Any, ...] = ()
    """Those that are tried before them."""


def tally(kind: Kind, examples: int) -> Counter[End]:
    """How so many inputs ended, always the same ones."""
    ends: Counter[End] = Counter()

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind.inputs)
    def each(value: Any) -> None:
        ends[_end(kind, value)] += 1

    ends.update(_end(kind, value) for value in kind.always)
    each()
    return ends


def _end(kind: Kind, value: Any) -> End:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        return kind.attempt(value, Path(folder))


def refused(call: Callable[[], object], *words: str) -> bool:
    """Whether it ends with a TunerError that has all the words, such as the file's name; False when it is accepted."""
    try:
        call()
    except TunerError as error:
        line = printable(str(error))
        assert line.isprintable(), line
        assert all(printable(word) in line for word in words), (line, words)
        return True
    return False
