"""The study as its sampler sees it.

A sampler is given one comparable number for each trial and objective: what it came to, extrapolated to the last epoch
(see comparable.py), the larger the better whatever the objective's direction. With a small validation set many
accuracies are equal, so that score is a finer one, which orders trials as everything else here does: by accuracy, then
by loss. The study itself holds what the objectives came to.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from enum import Enum

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tuner.search.comparable import Scores
from tuner.search.extrapolation import Floats
from tuner.search.multi_objective import best_first
from tuner.search.samplers.drawn import DrawnTrials
from tuner.search.samplers.refitted import RefittedTrials
from tuner.search.samplers.seen import SeenTrial, seen_of

MEMORY = "memory"  # the constraint that a trial violates when it runs out of memory
CONSTRAINT = "constraints:"  # before the name of a constraint among Optuna's attributes of a trial
MOST_SEEN = 500  # trials with a score, at most: a sampler's time grows with their number
MOST_SEEN_BY_TPE = 250  # with fewer it would take fewer than 25 for good
MOST_BEST = 50  # of these, the best ones


class View(Enum):
    """Which trials a sampler sees."""

    NOTHING = "nothing"
    """It does not learn."""
    BEST = "best"
    """All, or the best and a random sample of the others."""
    BEST_AND_FAILED = "best and failed"
    """These, and failed ones with the lowest score. A sampler that is sure of its best guess would repeat it else."""
    RECENT = "recent"
    """All, or the last ones: it keeps its state in them."""


class StudyForSampler(optuna.Study):
    """The study as its sampler sees it: each trial that has a score to compare is complete, with that score.

    So a trial that waits for promotion, or leads, counts as much as one that has ended. One without a score still runs
    or has ended too early: TPE keeps away from where it is (Optuna's constant liar). A failed trial is ignored, unless
    a constraint says that its parameters were the reason: TPE avoids infeasible points.
    """

    def __init__(
        self,
        name: str,
        storage: BaseStorage,
        view: View = View.BEST,
        objectives: int = 1,
        refitted: RefittedTrials | None = None,
        warm: Sequence[FrozenTrial | None] = (),
        records: Sequence[object] = (),
    ) -> None:
        """Args:
        name: of the study.
        storage: where it is.
        view: which trials are seen.
        objectives: how many numbers a trial is compared by, the larger the better.
        refitted: gives the trials as they lie in the present search space, if that was changed.
        warm: trials of an earlier sweep; None for those that do not lie in the space.
        records: one object for each trial of the study, another one as soon as the trial has changed.
        """
        super().__init__(name, storage)
        self._directions = [StudyDirection.MAXIMIZE] * objectives
        self._warm = [trial and seen_of(trial) for trial in warm]
        self._records = records
        self._view = view
        self._refitted = refitted
        self._seen: list[FrozenTrial] = []
        self._trials = DrawnTrials(storage, self._study_id)
        self._scored: dict[int, FrozenTrial] = {}  # as they are shown; only their scores change
        self._others: dict[int, tuple[object, SeenTrial]] = {}  # those without a score, each with its record then
        self._left_out: list[int] | None = None

    def look(self, scores: Scores, count: int, seed: int) -> None:
        """Takes the trials as they are now.

        Args:
            scores: comparable numbers of each trial.
            count: how many trials there are.
            seed: of the sample that is taken of many trials.
        """
        if self._view is View.NOTHING:
            return
        known = np.full((count, len(self._directions)), np.nan)
        known[: len(scores.own)] = scores.own
        outside = self._outside(count)
        known[outside] = np.nan
        able = ~np.isnan(known).any(axis=1)
        others = ~able
        others[[*outside, *scores.superseded]] = False
        worst = known[able].min(axis=0).tolist() if able.any() and self._view is View.BEST_AND_FAILED else None
        self._seen = [
            _complete(trial, values.tolist())
            for trial, values in zip(self._warm, scores.warm, strict=True)
            if trial and not np.isnan(values).any()
        ]
        chosen = set(self._chosen(known, seed)) - scores.superseded
        self._seen += [
            self._with_score(n, known[n].tolist()) if n in chosen else self._without_score(n, worst)
            for n in sorted({*chosen, *np.flatnonzero(others).tolist()})
        ]

    def apart(self) -> StudyForSampler:
        """The same as it is now, over a storage of its own: to be drawn from in another thread."""
        memory = InMemoryStorage()
        memory.create_new_study(self._directions, self.study_name)
        study = StudyForSampler(self.study_name, memory, self._view, len(self._directions))
        study._seen = [seen_of(trial) for trial in self._seen]
        return study

    def new_trial(self) -> int:
        """The id of a new trial in its storage."""
        return self._storage.create_new_trial(self._study_id)

    def _chosen(self, scores: Floats, seed: int) -> Sequence[int]:
        """The numbers of the trials with a score that the sampler gets."""
        if self._view is View.RECENT:
            return _last(scores)
        return _best(scores, MOST_SEEN_BY_TPE if self._view is View.BEST else MOST_SEEN, seed)

    def _outside(self, count: int) -> list[int]:
        """The numbers of the trials that do not lie in the search space: which they are never changes."""
        if self._refitted and self._left_out is None:
            before = range(min(count, self._refitted.first))
            self._left_out = [n for n in before if self._refitted.of(self._trials.now(n)) is None]
        return self._left_out or []

    def _with_score(self, number: int, scores: list[float]) -> FrozenTrial:
        if number not in self._scored:
            seen = self._fitted(self._trials.drawn(number))
            seen.state = TrialState.COMPLETE  # its score says whether it violates a constraint
            seen.system_attrs = {k: v for k, v in seen.system_attrs.items() if not k.startswith(CONSTRAINT)}
            self._scored[number] = seen
            self._others.pop(number, None)
        self._scored[number].values = scores
        return self._scored[number]

    def _without_score(self, number: int, worst: list[float] | None) -> FrozenTrial:
        """One that runs, has ended too early or has failed."""
        record, known = self._records[number], self._others.get(number)
        if known is None or known[0] is not record:
            known = self._others[number] = record, self._other(self._trials.now(number))
        trial = known[1]
        if trial.state != TrialState.FAIL:
            return trial
        seen = seen_of(trial)
        if worst is not None:
            seen.state, seen.values, seen.system_attrs = TrialState.COMPLETE, worst, {}  # a score says all
        elif MEMORY in trial.constraints:
            seen.state = TrialState.PRUNED
        return seen

    def _other(self, trial: FrozenTrial) -> SeenTrial:
        seen = self._fitted(trial)
        if seen.state != TrialState.FAIL:
            seen.state = TrialState.RUNNING
            if self._view is View.BEST:
                seen.show_planned()
        return seen

    def _fitted(self, trial: FrozenTrial) -> SeenTrial:
        """A copy that may be changed, as it lies in the present search space."""
        fitted = self._refitted.of(trial) if self._refitted else trial
        assert fitted is not None, "a trial outside the search space is not seen"
        return seen_of(fitted)

    def _get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002
        states: Container[TrialState] | None = None,
        use_cache: bool = False,  # noqa: ARG002
    ) -> list[FrozenTrial]:
        return [trial for trial in self._seen if states is None or trial.state in states]


def _last(scores: Floats) -> Sequence[int]:
    return [int(number) for number in np.flatnonzero(~np.isnan(scores).any(axis=1))[-MOST_SEEN:]]


def _best(scores: Floats, most: int, seed: int) -> Sequence[int]:
    """All, or the best and a random sample of the others: as many as `most`."""
    numbers = np.flatnonzero(~np.isnan(scores).any(axis=1))
    if len(numbers) <= most:
        return numbers.tolist()
    of_one = scores.shape[1] == 1
    order = _best_to_front(scores[numbers, 0], MOST_BEST) if of_one else best_first(scores[numbers].tolist())
    numbers = numbers[order]
    others = np.random.default_rng(seed).choice(numbers[MOST_BEST:], most - MOST_BEST, replace=False)
    return [*numbers[:MOST_BEST].tolist(), *others.tolist()]


def _best_to_front(scores: Floats, count: int) -> NDArray[np.intp]:
    """The places of all scores, first those of the best; of equals the first. Quicker than to sort all.

    >>> _best_to_front(np.array([0.1, 0.5, 0.7, 0.5, 0.5]), 3).tolist()
    [1, 2, 3, 0, 4]
    """
    limit = np.partition(scores, -count)[-count]
    chosen = scores > limit
    equal = np.flatnonzero(scores == limit)
    chosen[equal[: count - np.count_nonzero(chosen)]] = True
    return np.concatenate([np.flatnonzero(chosen), np.flatnonzero(~chosen)])


def _complete(trial: FrozenTrial, values: list[float]) -> FrozenTrial:
    seen = seen_of(trial)
    seen.values = values
    return seen
