"""What is said of a model that has learnt nothing, and of a test set that was looked at before."""

from __future__ import annotations

from tuner.core.score_text import class_name
from tuner.core.units import counted, number_text
from tuner.core.validation import NumberValidation, Validation, ValidationScore


def nothing_learnt(score: Validation, *, trials: int = 1, better_in_test: bool | None = None) -> str:
    """That a model is not better than its base, in a few words for its user.

    Args:
        score: on the validation samples, which alone decide.
        trials: the model is the best of so many.
        better_in_test: whether the test set says that it is better: then the validation samples are too few to tell.
    """
    strict = trials > 1 and _seems_better(score)
    luck = f" The best of {trials} trials must be better than luck could make one of them." if strict else ""
    if better_in_test:
        return (
            f"The {counted(score.samples, 'validation sample')} are too few to tell this model from {_base(score)} "
            f"({_both(score)}), so it is not the champion. It is better "
            f"on the test set: more data would tell, and tuner promote makes it the champion.{luck}"
        )
    return (
        f"Nothing was learnt beyond {_base(score)}, as far as {counted(score.samples, 'validation sample')} can tell: "
        f"{_model_and_base(score)}.{luck}"
    )


def base_remark(score: Validation) -> str:
    """The same as a half sentence that follows "is"."""
    if isinstance(score, NumberValidation):
        what = f"{_both(score)}, on {counted(score.samples, 'validation sample')}"
    else:
        what = f"{score.correct:,} and {_base_correct(score):,} of {score.samples:,} validation samples right"
    return f"not better than {_base(score)} by more than noise ({what})"


def against_text(own: Validation, other: Validation, name: str) -> str:
    """How the model `name` compares with another one, "it", on the same validation samples."""
    if isinstance(own, NumberValidation) and isinstance(other, NumberValidation):
        return f"its R2 on {own.samples:,} validation samples is {other.r2:.4f}, that of {name} {own.r2:.4f}"
    assert isinstance(own, ValidationScore)
    assert isinstance(other, ValidationScore)
    if own.correct != other.correct:
        return f"it has {other.correct:,} of {other.samples:,} validation samples right, {name} {own.correct:,}"
    return (
        f"both have {own.correct:,} of {own.samples:,} validation samples right, and its loss there is "
        f"{other.loss:.4g}, that of {name} {own.loss:.4g}"
    )


def _seems_better(score: Validation) -> bool:
    if isinstance(score, NumberValidation):
        return score.rmse < score.base_rmse
    return score.correct > _base_correct(score)


def _base(score: Validation) -> str:
    if isinstance(score, NumberValidation):
        return f"always saying the mean {number_text(score.base_number)}"
    return f"always saying '{class_name(score.base_class)}'"


def _both(score: Validation) -> str:
    if isinstance(score, NumberValidation):
        return f"RMSE {number_text(score.rmse)}, and {number_text(score.base_rmse)}"
    return f"{score.correct:,} of them right, and {_base_correct(score):,}"


def _model_and_base(score: Validation) -> str:
    if isinstance(score, NumberValidation):
        return f"the model has an RMSE of {number_text(score.rmse)}, and that {number_text(score.base_rmse)}"
    return f"the model has {score.correct:,} of them right, and {_base(score)} {_base_correct(score):,}"


def _base_correct(score: ValidationScore) -> int:
    return round(score.base_accuracy * score.samples)


def looks_text(looks: int) -> str:
    """How many models of a pair were tested on one test split, when that is more than one."""
    return (
        f"{counted(looks, 'model')} of this pair were tested on this test set, up to this one: the best of their test "
        "scores is a little too good"
    )
