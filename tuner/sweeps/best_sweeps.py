"""Which finished sweep stands for each pair in `tuner compare`, by the rule of `champion`.

Sweeps of earlier versions have no score on the whole validation split. Where they were tested on the same test set, the
accuracy that they noted while they trained stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from tuner.core.target_kind import CLASSES
from tuner.core.validation import Validation, ValidationScore
from tuner.sweeps.champion import ByHand, Contender, best_scored, choose

if TYPE_CHECKING:
    from tuner.core.finished_sweep import FinishedSweep

_NO_LOSS = 1e300  # of a sweep of an earlier version: among equals another one is taken


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What the registry knows of a sweep's model."""

    scores: Mapping[str, Validation] = field(default_factory=dict)
    """By their splits, see `FinishedSweep.split`."""
    by_hand: ByHand | None = None
    order: float
    """The number of its version."""
    champion: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which sweeps stand for their pairs."""

    best: tuple[FinishedSweep, ...]
    """By dataset and validation score."""
    others: tuple[FinishedSweep, ...]
    """Those without a score on the newest validation split of their dataset."""
    base: tuple[FinishedSweep, ...]
    """Those of `best` that are no better than always saying one class."""
    older: tuple[FinishedSweep, ...]
    """Those of `best` that were tested on another test set than the newest sweep of their dataset."""
    scores: Mapping[str, Validation] = field(default_factory=dict)
    """What decided, by the unique ids of `best`: the scores on the newest validation split of their dataset."""


def best_sweeps(sweeps: Iterable[FinishedSweep], registered: Mapping[str, Registered] | None = None) -> Choice:
    """The sweep that stands for each pair. `registered` has what the registry knows, by the unique id of a sweep."""
    known = registered or {}
    by_age = sorted(sweeps, key=lambda sweep: sweep.started)
    newest = {sweep.data: sweep for sweep in by_age}
    found: list[tuple[FinishedSweep, Contender]] = []
    others: list[FinishedSweep] = []
    for _, group in groupby(sorted(by_age, key=lambda sweep: sweep.pair), key=lambda sweep: sweep.pair):
        of_pair = list(group)
        orders = _orders(of_pair, known)
        contenders = {
            _contender(order, sweep, newest[sweep.data], known.get(sweep.uid)): sweep
            for order, sweep in zip(orders, of_pair, strict=True)
        }
        held = next((each.name for each, sweep in contenders.items() if _is_champion(known, sweep)), None)
        best = choose(list(contenders), held) or best_scored(list(contenders))
        if best and (best.score or best.by_hand):
            found.append((contenders[best], best))
        others += [sweep for each, sweep in contenders.items() if each.score is None and each is not best]
    found.sort(key=lambda each: (each[0].data, *_descending(each[1]), each[0].model))
    chosen = [sweep for sweep, _ in found]
    return Choice(
        best=tuple(chosen),
        others=tuple(sorted(others, key=lambda sweep: sweep.started)),
        base=tuple(sweep for sweep, each in found if each.score and not each.score.better),
        older=tuple(sweep for sweep in chosen if sweep.test_data != newest[sweep.data].test_data),
        scores={sweep.uid: each.score for sweep, each in found if each.score},
    )


def _orders(by_age: Iterable[FinishedSweep], known: Mapping[str, Registered]) -> Iterator[float]:
    """The numbers of their versions. A sweep without one comes right after the versions of the sweeps before it."""
    last = 0.0
    for sweep in by_age:
        registered = known.get(sweep.uid)
        last = max(last, registered.order) if registered else last
        yield registered.order if registered else last + 0.5


def _contender(order: float, sweep: FinishedSweep, newest: FinishedSweep, known: Registered | None) -> Contender:
    return Contender(
        name=sweep.uid,
        order=order,
        score=_score(sweep, newest, known),
        by_hand=known.by_hand if known else None,
    )


def _score(sweep: FinishedSweep, newest: FinishedSweep, known: Registered | None) -> Validation | None:
    """The sweep's score on the validation split of the newest sweep of its dataset; None when it has none."""
    if known and newest.split in known.scores:
        return known.scores[newest.split]
    if sweep.validation:
        return sweep.validation if sweep.split == newest.split else None
    same = sweep.split == newest.split or (sweep.limit is None and sweep.test_data == newest.test_data)
    if sweep.val_score is None or sweep.scores.kind is not CLASSES or not same:
        return None
    return ValidationScore(  # of an earlier version, which kept the accuracy alone
        data=newest.split,
        accuracy=sweep.val_score,
        loss=_NO_LOSS,
        samples=0,
        base_class="",
        base_accuracy=0.0,
        better=True,
    )


def _is_champion(known: Mapping[str, Registered], sweep: FinishedSweep) -> bool:
    return sweep.uid in known and known[sweep.uid].champion


def _descending(contender: Contender) -> tuple[float, float]:
    accuracy, loss = contender.score.rank if contender.score else (0.0, 0.0)
    return -accuracy, -loss
