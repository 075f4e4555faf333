"""How a user asks for the confirmation of a winner: its parameters are trained again with other seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from tuner.core.errors import TunerError, unknown

TESTS = ("winner", "mean")
"""What is tested on the test split: a sweep's winner alone, or also each of the models that confirm it."""
LEAST_SEEDS, MOST_SEEDS = 2, 1000


@dataclass(frozen=True, kw_only=True)
class ConfirmRequest:
    """A confirmation as asked for."""

    seeds: int
    """How many other seeds, those of an earlier confirmation included."""
    reshuffle: bool = False
    """Whether each seed has its own division of the samples into training and validation."""
    test: str = TESTS[0]
    """What is tested on the test split: one of TESTS."""

    @classmethod
    def of(cls, seeds: int | None, option: str, *, reshuffle: bool, test: str) -> Self | None:
        """The request of a command line, on which `option` gives the number of seeds; None when it is not given.

        Raises:
            TunerError: a value is impossible, or is given without `option`.
        """
        if seeds is not None:
            asked = cls(seeds=seeds, reshuffle=reshuffle, test=test)
            asked.check(option)
            return asked
        _check_test(test)
        for other, given in (("--reshuffle", reshuffle), (f"--test {test}", test != TESTS[0])):
            if given:
                raise TunerError(f"{other} is about the trainings that confirm the winner: add {option} 5")
        return None

    def check(self, option: str = "--seeds") -> None:
        """Raises TunerError for an impossible value; `option` is the one that gives the number of seeds."""
        _check_test(self.test)
        if not LEAST_SEEDS <= self.seeds <= MOST_SEEDS:
            raise TunerError(f"{option} must be at least {LEAST_SEEDS} and at most {MOST_SEEDS}, got {self.seeds}")

    def words(self, option: str = "--seeds") -> list[str]:
        """The request as options of a command line."""
        return [option, str(self.seeds), *(["--reshuffle"] if self.reshuffle else []), "--test", self.test]


def _check_test(test: str) -> None:
    if test not in TESTS:
        raise unknown("--test", test, TESTS)
