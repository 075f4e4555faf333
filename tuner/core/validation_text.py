"""What is said of a model that has learnt nothing, and of a test set that was looked at before."""

from __future__ import annotations

from tuner.core.score_text import class_name
from tuner.core.units import counted
from tuner.core.validation import ValidationScore


def nothing_learnt(score: ValidationScore, *, trials: int = 1, better_in_test: bool | None = None) -> str:
    """That a model is not better than its base, in a few words for its user.

    Args:
        score: on the validation samples, which alone decide.
        trials: the model is the best of so many.
        better_in_test: whether the test set says that it is better: then the validation samples are too few to tell.
    """
    strict = trials > 1 and score.correct > _base_correct(score)
    luck = f" The best of {trials} trials must be better than luck could make one of them." if strict else ""
    if better_in_test:
        return (
            f"The {counted(score.samples, 'validation sample')} are too few to tell this model from {_base(score)} "
            f"({score.correct:,} of them right, and {_base_correct(score):,}), so it is not the champion. It is better "
            f"on the test set: more data would tell, and tuner promote makes it the champion.{luck}"
        )
    return (
        f"Nothing was learnt beyond {_base(score)}, as far as {counted(score.samples, 'validation sample')} can tell: "
        f"the model has {score.correct:,} of them right, and {_base(score)} {_base_correct(score):,}.{luck}"
    )


def base_remark(score: ValidationScore) -> str:
    """The same as a half sentence that follows "is"."""
    return (
        f"not better than {_base(score)} by more than noise ({score.correct:,} and {_base_correct(score):,} of "
        f"{score.samples:,} validation samples right)"
    )


def _base(score: ValidationScore) -> str:
    return f"always saying '{class_name(score.base_class)}'"


def _base_correct(score: ValidationScore) -> int:
    return round(score.base_accuracy * score.samples)


def looks_text(looks: int) -> str:
    """How many models of a pair were tested on one test split, when that is more than one."""
    return (
        f"{counted(looks, 'model')} of this pair were tested on this test set, up to this one: the best of their test "
        "scores is a little too good"
    )
