"""What is said of a model that the validation samples cannot tell from always saying one class."""

from __future__ import annotations

from dataclasses import replace

from tuner.core.validation import ValidationScore
from tuner.core.validation_text import nothing_learnt

SCORE = ValidationScore(
    data="d", accuracy=0.75, loss=0.6, samples=12, base_class="cat", base_accuracy=0.5, better=False
)


def test_a_model_that_is_good_on_the_test_set_has_not_learnt_nothing() -> None:
    assert nothing_learnt(SCORE) == (
        "Nothing was learnt beyond always saying 'cat', as far as 12 validation samples can tell: the model has 9 of "
        "them right, and always saying 'cat' 6."
    )
    assert nothing_learnt(SCORE, better_in_test=False) == nothing_learnt(SCORE)
    assert nothing_learnt(SCORE, trials=16).endswith(
        "The best of 16 trials must be better than luck could make one of them."
    )
    assert nothing_learnt(replace(SCORE, accuracy=0.5), trials=16) == nothing_learnt(replace(SCORE, accuracy=0.5))
    assert nothing_learnt(SCORE, better_in_test=True).startswith(
        "The 12 validation samples are too few to tell this model from always saying 'cat' (9 of them right, and 6), "
        "so it is not the champion."
    )
