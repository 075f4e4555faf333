"""How a user asks for the confirmation of a winner, or for finalists: trained again with other seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tuner.core.errors import TunerError, unknown
from tuner.core.objective import Goal

TESTS = ("winner", "mean")
"""What is tested on the test split: a sweep's winner alone, or also each of the models that confirm it."""
LEAST_SEEDS, MOST_SEEDS, MOST_FOLDS = 2, 1000, 100
CONFIRM, FINALISTS, SEEDS, FOLDS = "--confirm", "--finalists", "--seeds", "--folds"
LEAST_FINALISTS, FINALIST_SEEDS = 2, 3
"""The fewest finalists, and with how many seeds each is trained where that is not said."""


@dataclass(frozen=True, kw_only=True)
class ConfirmRequest:
    """A confirmation as asked for."""

    seeds: int
    """How many other seeds, those of an earlier confirmation included."""
    reshuffle: bool = False
    """Whether each seed has its own division of the samples into training and validation."""
    test: str = TESTS[0]
    """What is tested on the test split: one of TESTS."""
    finalists: int = 0
    """How many of the best trials are trained with these seeds, so that their means decide which one is the winner; 0
    for the winner alone, which is decided before."""
    folds: bool = False
    """Whether the samples are divided into as many folds as there are seeds, each of which is the validation split of
    one training: cross-validation."""

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
        for other, given in (("--reshuffle", reshuffle), (f"--test-by {test}", test != TESTS[0])):
            if given:
                raise TunerError(f"{other} is about the trainings that confirm the winner: add {option} 5")
        return None

    @classmethod
    def of_sweep(
        cls,
        confirm: int | None,
        finalists: int | None,
        seeds: int | None,
        folds: int | None = None,
        *,
        reshuffle: bool,
        test: str,
    ) -> Self | None:
        """The request of `tuner sweep`, or None for no confirmation.

        It is `--confirm N`, `--folds K`, or `--finalists F` with `--seeds R` or `--folds K`.

        Raises:
            TunerError: both are given, a value is impossible, or is given without the option that it belongs to.
        """
        if folds is not None:
            return cls.of_folds(folds, {CONFIRM: confirm, SEEDS: seeds}, finalists or 0, reshuffle=reshuffle, test=test)
        if finalists is None:
            if seeds is not None:
                raise TunerError(
                    f"{SEEDS} is about finalists: add {FINALISTS} 3, or confirm the winner: {CONFIRM} {seeds}"
                )
            return cls.of(confirm, CONFIRM, reshuffle=reshuffle, test=test)
        if confirm is not None:
            raise TunerError(f"{FINALISTS} confirms its winner, since each has other seeds: leave {CONFIRM} out")
        given = FINALIST_SEEDS if seeds is None else seeds
        asked = cls(seeds=given, reshuffle=reshuffle, test=test, finalists=finalists)
        asked.check()
        return asked

    @classmethod
    def of_folds(
        cls, folds: int, others: Mapping[str, int | None], finalists: int = 0, *, reshuffle: bool, test: str
    ) -> Self:
        """The request of a command line with `--folds K`; `others` are options whose place it takes.

        Raises:
            TunerError: one of them is given, or a value is impossible.
        """
        for option, value in others.items():
            if value is not None:
                raise TunerError(f"{FOLDS} says how many trainings there are, one for each fold: leave {option} out")
        if reshuffle:
            raise TunerError(f"{FOLDS} divides the samples into folds: leave --reshuffle out")
        asked = cls(seeds=folds, test=test, finalists=finalists, folds=True)
        asked.check()
        return asked

    def check(self, option: str = "--seeds") -> None:
        """Raises TunerError for an impossible value; `option` is the one that gives the number of seeds."""
        _check_test(self.test)
        option, most = (FOLDS, MOST_FOLDS) if self.folds else (option, MOST_SEEDS)
        if self.finalists:
            option = FOLDS if self.folds else SEEDS
            if self.finalists < LEAST_FINALISTS:
                raise TunerError(f"{FINALISTS} must be at least {LEAST_FINALISTS}, got {self.finalists}")
            if self.test != TESTS[0]:
                raise TunerError(f"{FINALISTS}: the finalists are not tested, only the winner is: leave --test-by out")
        if not LEAST_SEEDS <= self.seeds <= most:
            raise TunerError(f"{option} must be at least {LEAST_SEEDS} and at most {most}, got {self.seeds}")

    @property
    def option(self) -> str:
        """The option of `tuner sweep` that asks for it."""
        return FINALISTS if self.finalists else FOLDS if self.folds else CONFIRM

    def words(self, option: str = "--seeds") -> list[str]:
        """The request as options of a command line."""
        if self.folds:
            option = FOLDS
        if self.finalists:
            again = ["--reshuffle"] if self.reshuffle else []
            return [FINALISTS, str(self.finalists), FOLDS if self.folds else SEEDS, str(self.seeds), *again]
        return [option, str(self.seeds), *(["--reshuffle"] if self.reshuffle else []), "--test-by", self.test]


def check_finalists(asked: ConfirmRequest, goal: Goal, scheduler: str) -> None:
    """Raises TunerError for a search of which no mean over seeds chooses the winner."""
    if not asked.finalists:
        return
    if scheduler == "pbt":
        raise TunerError(
            f"--scheduler pbt: {FINALISTS} would train constant values, and the trials' change: leave it out"
        )
    if goal.several:
        raise TunerError(f"{FINALISTS} takes one objective, whose mean decides: with two leave it out")
    if goal.first.metric.before:
        raise TunerError(
            f"{FINALISTS}: {goal.first.name} is the same with each seed, so it cannot decide: leave it out"
        )


def _check_test(test: str) -> None:
    if test not in TESTS:
        raise unknown("--test-by", test, TESTS)
