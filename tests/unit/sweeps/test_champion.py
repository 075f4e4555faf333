"""The rule for the champion, on plain values, and the line that says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tuner.core.validation import ValidationScore
from tuner.sweeps.champion import ByHand, Contender, best_scored, choose
from tuner.sweeps.champion_text import Decision, explain_decision
from tuner.tracking.score_tags import own_tags, score_tag, scores_in


def scored(correct: int, loss: float = 0.5, *, better: bool = True, seen: bool = False) -> ValidationScore:
    return ValidationScore(
        data="split",
        accuracy=correct / 100,
        loss=loss,
        samples=100,
        base_class="cat",
        base_accuracy=0.5,
        better=better,
        seen=seen,
    )


def version(number: int, score: ValidationScore | None = None, **more: Any) -> Contender:
    return Contender(name=f"version {number}", order=number, score=score, **more)


OLD, NEW = version(1, scored(70)), version(2, scored(80))


@pytest.mark.parametrize(
    ("contenders", "holder", "chosen"),
    [
        ([OLD], None, 1),
        ([OLD, NEW], 1, 2),
        ([OLD, version(2, scored(69))], 1, 1),
        ([OLD, version(2, scored(70, loss=0.4))], 1, 2),  # loss breaks the tie
        ([OLD, version(2, scored(70))], 1, 1),  # of equals the champion stays
        ([OLD, version(2, scored(70))], 2, 2),
        ([OLD, version(2, scored(70))], None, 1),
        ([version(1, scored(50, better=False))], None, None),
        ([OLD, version(2, scored(99, better=False))], 1, 1),
        ([version(1, scored(50, better=False)), NEW], 1, 2),
        ([version(1, scored(60, better=False)), version(2, scored(61, better=False))], 1, 1),
        ([version(1), NEW], 1, 1),  # nothing is known against it
        ([version(1), NEW], None, 2),
        ([version(1, unfit="has the classes a, b"), NEW], 1, 2),
        ([version(1, unfit="has the classes a, b"), version(2, scored(50, better=False))], 1, 1),
    ],
)
def test_the_better_on_the_validation_split_is_champion(
    contenders: list[Contender], holder: int | None, chosen: int | None
) -> None:
    found = choose(contenders, None if holder is None else f"version {holder}")
    assert (found and found.order) == chosen


def test_a_champion_set_by_hand_is_replaced_by_a_better_one_that_came_later_and_by_no_other() -> None:
    best, chosen = version(1, scored(90)), version(2, scored(70), by_hand=ByHand(before=2, keep=False))
    assert choose([best, chosen], "version 2") is chosen
    worse, better = version(3, scored(60)), version(4, scored(75))
    assert choose([best, chosen, worse], "version 2") is chosen
    assert choose([best, chosen, worse, better], "version 2") is better
    assert choose([best, chosen, worse, better, version(5, scored(70))], "version 4") is better
    kept = replace(chosen, by_hand=ByHand(before=2, keep=True))
    assert choose([best, kept, worse, better], "version 2") is kept


def test_where_none_is_better_than_its_base_the_best_can_still_be_shown() -> None:
    poor, poorer = version(1, scored(52, better=False)), version(2, scored(51, better=False))
    assert choose([poor, poorer]) is None
    assert best_scored([poorer, poor, version(3)]) is poor


def test_scores_survive_the_tags_and_what_is_damaged_is_left_out() -> None:
    own, other = scored(70), replace(scored(60, seen=True), data="other")
    tags = {**own_tags(own), **dict([score_tag(other)]), "tuner.validation.third": "{", "mlflow.user": "me"}
    assert scores_in(tags) == {"split": own, "other": other}
    assert (tags["tuner.val_data"], tags["tuner.val_accuracy"], tags["tuner.val_samples"]) == ("split", "0.7", "100")


def decide(own: Contender, best: Contender | None, before: Contender | None, **more: Any) -> str:
    values: dict[str, Any] = {"alone": False, "new_data": False, "trouble": "", **more}
    return explain_decision(Decision(pair="p-cnn", own=own, best=best, before=before, **values))


def test_the_line_says_which_and_why() -> None:
    noise = version(2, scored(52, better=False))
    remark = "not better than always saying 'cat' by more than noise (52 and 50 of 100 validation samples right)"
    assert decide(OLD, OLD, None, alone=True) == "version 1, the first model of this pair"
    assert decide(NEW, NEW, NEW) == "version 2, already the champion"
    assert decide(noise, None, None) == f"{remark}; the pair has no champion"
    assert decide(version(2), None, None) == (
        "of unknown score on the validation split; the pair has no champion; "
        "to choose this model: tuner promote p-cnn/2"
    )
    assert decide(noise, OLD, OLD) == f"version 1 remains the champion; this model is {remark}"
    assert decide(NEW, NEW, OLD) == (
        "version 2; before, it was version 1: it has 70 of 100 validation samples right, this model 80"
    )
    seen = version(1, scored(70, seen=True))
    assert decide(NEW, NEW, seen, new_data=True).endswith(
        "right, this model 80. The data or their division has changed: version 1 may have been trained on some of "
        "these samples"
    )
    assert decide(version(2, scored(70, 0.25)), version(2, scored(70, 0.25)), OLD).startswith(
        "version 2; before, it was version 1"
    )
    loss = version(2, scored(70, 0.75))
    assert decide(loss, OLD, OLD) == (
        "version 1 remains the champion: both have 70 of 100 validation samples right, and its loss there is 0.5, "
        "that of this model 0.75"
    )
    same = version(2, scored(70))
    assert decide(same, OLD, OLD).endswith("this model is as good on the validation split, and the earlier one stays")
    unfit = version(1, unfit="has the classes cat, dog")
    assert decide(NEW, NEW, unfit) == (
        "version 2; before, it was version 1, which cannot be used on this data any more: it has the classes cat, dog"
    )


def test_a_champion_that_is_kept_says_how_to_choose_the_new_model() -> None:
    hand = version(1, scored(90), by_hand=ByHand(before=1, keep=False))
    assert decide(NEW, hand, hand).startswith("version 1 remains the champion, set by hand: it has 90 of 100")
    kept = replace(hand, by_hand=ByHand(before=1, keep=True))
    assert decide(NEW, kept, kept) == (
        "version 1 remains the champion, set by hand to stay: tuner promote p-cnn/2 makes this one the champion"
    )
    unknown = version(1)
    assert decide(NEW, unknown, unknown, trouble="the data is gone") == (
        "version 1 remains the champion: it could not be scored on the validation split of this sweep (the data is "
        "gone); to choose this model: tuner promote p-cnn/2"
    )
