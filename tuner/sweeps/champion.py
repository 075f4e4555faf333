"""The rule for the best model of a pair: the alias `champion` in MLflow and the rows of `tuner compare` follow it.

The validation score alone decides, on one split for all: that of the newest sweep. When the data has changed, the
champion is scored on the new split first. The test set chooses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.validation import Validation


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """How a user has set a champion, with `tuner promote`."""

    before: float
    """The `order` of the newest model at that time: the others up to it were passed over."""
    keep: bool
    """Whether it stays even when a better one comes."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A model of a pair, as far as the rule needs to know it."""

    name: str
    order: float
    """Models that came later have a greater one."""
    score: Validation | None = None
    """On the split that decides; None when it is not known."""
    unfit: str = ""
    """Why it can have no score there, in words that follow "it"; such a model is out."""
    by_hand: ByHand | None = None


def choose(contenders: Sequence[Contender], holder: str | None = None) -> Contender | None:
    """The model that is to be champion; None while no model is better than always saying one class.

    Args:
        contenders: the models of one pair, with their scores on one split.
        holder: the name of the champion until now.

    A champion whose score is not known stays, since nothing is known against it. Among equals the champion stays, or
    else the earliest is taken. A model that is no better than always saying one class never becomes champion, but one
    that is champion is replaced by a better one only.
    """
    kept = next((each for each in contenders if each.by_hand and each.by_hand.keep), None)
    if kept:
        return kept
    current = next((each for each in contenders if each.name == holder), None)
    if current and current.score is None and not current.unfit:
        return current
    able = [each for each in not_passed_over(contenders) if each.score and each.score.better]
    if not able:
        return current
    return max(able, key=lambda each: (_rank(each), each is current, -each.order))


def best_scored(contenders: Sequence[Contender]) -> Contender | None:
    """The best of those with a score, also where none is better than always saying one class."""
    scored = [each for each in contenders if each.score]
    return max(scored, key=lambda each: (_rank(each), -each.order), default=None)


def not_passed_over(contenders: Sequence[Contender]) -> list[Contender]:
    """Without those that a user has passed over by setting another one by hand."""
    chosen = next((each for each in contenders if each.by_hand), None)
    if chosen is None or chosen.by_hand is None:
        return list(contenders)
    before = chosen.by_hand.before
    return [each for each in contenders if each is chosen or each.order > before]


def _rank(contender: Contender) -> tuple[float, float]:
    assert contender.score is not None
    return contender.score.rank
