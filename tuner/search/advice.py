"""What the trials of a finished search suggest: pure functions of their records.

Each gives sentences, and what should change in the next sweep. `next_command` writes the latter down as a command.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from tuner.core.records import TrialRecord, Value
from tuner.core.target_kind import CLASSES, NUMBERS
from tuner.core.units import counted
from tuner.search.finite import untried
from tuner.search.importance import Importance
from tuner.search.narrower import find_cliffs
from tuner.search.space import SearchSpace
from tuner.search.wider import find_edges

FEW = 60  # trials up to which twice as many may tell more
RISING = 0.9  # of the error that is left: below it the last quarter of the epochs was still worth its time
LEAST_RISE = 0.003  # of the accuracy in the same time
FALLING = 0.97  # of the validation loss in the same time
OVERFIT = 1.1  # times its lowest value: a validation loss above it at the end has risen
GAP = 0.05  # of accuracy between training and validation samples
POOR = 0.9  # accuracy on training samples below which a model may be too small for them

_LIMIT = {
    CLASSES.task: "the classes cannot be told apart any better",
    NUMBERS.task: "the columns tell no more of the number",
}
LONGER = 3  # times as many epochs or trials, where nothing was learnt

NOTHING_LEARNT = (
    "The best trial has learnt nothing that can be told from noise: what follows can be tried, and may not help."
)
_AGAINST_OVERFITTING = "What may help: more data, or more regularisation (weight decay, dropout, augmentation)"

Accepts = Callable[[str, Value], bool]
"""Whether training and the model take a value of a parameter."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to try next."""

    remarks: tuple[str, ...]
    """Sentences."""
    overrides: tuple[str, ...] = ()
    """Values for `--set`."""
    max_epochs: int | None = None
    """For `--max-epochs`; None to leave it as it is."""
    trials: int | None = None
    """For `--trials`; None to leave it as it is."""

    @property
    def changes(self) -> bool:
        """Whether another sweep should differ from this one."""
        return bool(self.overrides or self.max_epochs or self.trials)


@dataclass
class _Draft:
    remarks: list[str] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)


def _rising_sentence(records: Sequence[TrialRecord], best: TrialRecord, epochs: int) -> str:
    rest = [record for record in records if record.word == "done" and record is not best]
    rising = sum(still_rising(record, epochs) for record in rest)
    others = f", and {rising} of the {len(rest)} others that trained to the end" if rising else ""
    return f"Trial {best.number}, the best, was still improving at its last epoch{others}: more epochs may help."


def advise(
    records: Sequence[TrialRecord],
    best: TrialRecord,
    space: SearchSpace,
    epochs: int,
    found: Importance | None,
    accepts: Accepts,
    *,
    learnt: bool = True,
    inside: Sequence[TrialRecord] | None = None,
) -> Advice:
    """What a sweep suggests.

    Args:
        records: all its trials.
        best: the winner.
        space: its search space.
        epochs: how many the winner could train.
        found: the importance of its parameters, if it could be computed.
        accepts: no range is widened to a value that this refuses.
        learnt: whether the winner is better than always saying one class, or the mean.
        inside: the trials that lie in the search space, by default all: it may have been changed.
    """
    inside = records if inside is None else inside
    placed = next((record for record in inside if record.number == best.number), None)
    draft = _Draft([] if learnt else [NOTHING_LEARNT])
    more = still_rising(best, epochs)
    if more:
        draft.remarks.append(_rising_sentence(records, best, epochs))
    cliffs = find_cliffs(inside, placed, space) if placed else []
    for edge in find_edges(placed, space, found, accepts) if found and placed else ():
        if edge.name not in {cliff.name for cliff in cliffs}:  # beyond it trials fail
            draft.remarks.append(edge.sentence)
            draft.overrides += edge.overrides
    if learnt:
        draft.remarks.append(fit_sentence(best, rising=more))
    failed = failures(records)
    if failed:
        draft.remarks.append(failed)
    for edge in cliffs:
        draft.remarks.append(edge.sentence)
        draft.overrides += edge.overrides
    unclear = found is not None and not any(each.clear for each in found.parameters)
    few = unclear and len(records) <= FEW
    if few:
        draft.remarks.append(f"{counted(len(records), 'trial')} are too few to say which parameters matter.")
    elif unclear:
        draft.remarks.append("Within their ranges no parameter matters by more than noise: wider ranges may.")
    longer = 2 * epochs if more else None
    new = longer or draft.overrides  # points that were tried are new for more epochs, and others in a wider space
    left = inf if new else untried(space, (record.parameters for record in inside))
    trials = len(records) + int(min(len(records), left)) if few and left else None
    if not (learnt or draft.overrides or longer or trials):
        longer = LONGER * epochs
    return Advice(
        remarks=tuple(draft.remarks),
        overrides=tuple(dict.fromkeys(draft.overrides)),
        max_epochs=longer,
        trials=trials,
    )


def still_rising(record: TrialRecord, epochs: int) -> bool:
    """Whether a trial that trained to the end was still improving by more than a little.

    The last quarter of its epochs is compared with the quarter before, by accuracy and by loss: a learning rate that
    has come down to 0 leaves both as they are.
    """
    if record.epoch != epochs or epochs < 3 or record.state == "FAIL":
        return False
    quarter = max(1, epochs // 4)
    last, before = range(epochs - quarter + 1, epochs + 1), range(epochs - 2 * quarter + 1, epochs - quarter + 1)
    if not all(epoch in record.values for epoch in (*last, *before)):
        return False
    score = record.goal.score
    now, then = (sum(record.outcome(epoch)[score] for epoch in span) / quarter for span in (last, before))
    loss_now, loss_then = (
        sum(record.metrics[epoch]["val_loss"] for epoch in span) / quarter for span in (last, before)
    )
    return now - then > LEAST_RISE and (1 - now) < RISING * (1 - then) and loss_now < FALLING * loss_then


def fit_sentence(record: TrialRecord, *, rising: bool = False) -> str:
    """Over- or underfitting of a trial, from its training and validation scores.

    Of one that is `still_rising` a higher loss than in some epoch before says nothing: single epochs differ by noise.
    """
    end, epoch = record.metrics[record.epoch], record.best_epoch
    lowest = min(record.metrics, key=lambda each: record.metrics[each]["val_loss"])
    least = record.metrics[lowest]["val_loss"]
    kind = record.goal.kind
    train, val = record.metrics[epoch][kind.train_score], record.outcome(epoch)[kind.val_score]
    scores = f"{kind.label} {train:.3f} on training samples and {val:.3f} on validation samples after epoch {epoch}"
    if not rising and end["val_loss"] > OVERFIT * least and end["train_loss"] < record.metrics[lowest]["train_loss"]:
        return (
            f"The best trial overfits after epoch {lowest}: its validation loss rises from {least:.3g} to "
            f"{end['val_loss']:.3g}, while its training loss still falls. {_AGAINST_OVERFITTING}, or fewer epochs."
        )
    if train - val > GAP:
        return f"The best trial overfits: {scores}. {_AGAINST_OVERFITTING}."
    if train < POOR and train - val < GAP / 2:
        return (
            f"The best trial may underfit: {scores}. What may help, unless {_LIMIT[kind.task]}: a larger model, more "
            "epochs or less regularisation."
        )
    return f"The best trial shows no sign of over- or underfitting: {scores}."


def failures(records: Sequence[TrialRecord]) -> str:
    """How many trials failed, and the most common reason; empty if none did."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    if not reasons:
        return ""
    [(reason, count)] = reasons.most_common(1)
    times = f", {count} of them with" if count < reasons.total() else ""
    return f"{reasons.total()} of {counted(len(records), 'trial')} failed{times}: {reason}."
