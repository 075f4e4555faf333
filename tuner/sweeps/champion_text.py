"""Why a model is the champion of its pair, or is not, in one line."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.core.validation_text import against_text, base_remark
from tuner.sweeps.champion import Contender


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided when a model was registered."""

    pair: str
    own: Contender
    """The new model."""
    best: Contender | None
    """The champion from now on."""
    before: Contender | None
    """The champion until now."""
    alone: bool
    """Whether the new model is the only one of its pair."""
    new_data: bool
    """Whether `before` was scored on the new model's validation split only now."""
    trouble: str
    """Why `before` could not be scored."""


def explain_decision(decision: Decision) -> str:
    """The line that stands after `champion:` or `registered, not the champion:`."""
    own, best = decision.own, decision.best
    if best is None:
        choose = "" if own.score else f"; to choose this model: tuner promote {decision.pair}/{own.order:g}"
        return f"{_not_able(own)}; the pair has no champion{choose}"
    return f"{own.name}{_why(decision)}" if best.order == own.order else _why_not(decision, best)


def _why(decision: Decision) -> str:
    """What follows the name of the new model, which is the champion."""
    own, before = decision.own, decision.before
    if before is None:
        return ", the first " + ("model of this pair" if decision.alone else "of this pair that has learnt something")
    if before.order == own.order:
        return ", already the champion"
    line = f"; before, it was {before.name}"
    if before.unfit:
        return f"{line}, which cannot be used on this data any more: it {before.unfit}"
    if before.score and own.score:
        return f"{line}: {against_text(own.score, before.score, 'this model')}{_marks(decision)}"
    return line


def _not_able(own: Contender) -> str:
    return base_remark(own.score) if own.score else "of unknown score on the validation split"


def _why_not(decision: Decision, best: Contender) -> str:
    own, stays = decision.own, "remains" if decision.before and best.order == decision.before.order else "is"
    line = f"{best.name} {stays} the champion"
    if best.by_hand:
        line += ", set by hand"
        if best.by_hand.keep:
            return f"{line} to stay: tuner promote {decision.pair}/{own.order:g} makes this one the champion"
    if own.score is None or not own.score.better:
        return f"{line}; this model is {_not_able(own)}"
    if best.score is None:
        why = decision.trouble or "a later sweep has other data"
        return (
            f"{line}: it could not be scored on the validation split of this sweep ({why}); "
            f"to choose this model: tuner promote {decision.pair}/{own.order:g}"
        )
    if best.score.rank == own.score.rank:
        return f"{line}: this model is as good on the validation split, and the earlier one stays"
    return f"{line}: {against_text(own.score, best.score, 'this model')}{_marks(decision)}"


def _marks(decision: Decision) -> str:
    before = decision.before
    if not (decision.new_data and before and before.score and before.score.seen):
        return ""
    return f". The data or their division has changed: {before.name} may have been trained on some of these samples"
