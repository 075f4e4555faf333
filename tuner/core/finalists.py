"""Finalists: the best trials of a search, of which the mean over other seeds chooses the winner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from tuner.core.config import SweepConfig
from tuner.core.confirmation import Spread
from tuner.core.earlier import epochs_of
from tuner.core.kept_checkpoints import Keeps
from tuner.core.records import TrialRecord, best_of


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """One of them."""

    trial: int
    own: float
    """What the objective came to in the search."""
    score: Spread | None
    """What it came to with the seeds that are compared; None for a trial that is not compared."""
    failed: str = ""
    """Why trainings of it failed; empty when none did."""


@dataclass(frozen=True, kw_only=True)
class Finalists:
    """What their trainings came to."""

    plan: str
    """The `ConfirmPlan.uid` of the trainings."""
    objective: str
    """The metric whose mean decides."""
    asked: int
    """With how many other seeds each was to be trained."""
    seeds: tuple[int, ...]
    """Those that are compared: each finalist that can win has completed its training with them."""
    folds: bool = False
    """Whether each seed stands for a fold, which was the validation split of its training."""
    trials: tuple[Finalist, ...]
    """The one with the best mean first, and then those that are not compared."""

    @property
    def best(self) -> int | None:
        """The trial with the best mean; of equal ones the better one of the search. None when none is compared."""
        return self.trials[0].trial if self.seeds else None

    def to_json(self) -> dict[str, Any]:
        """As in result.json."""
        return {**asdict(self), "best": self.best}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        trials = tuple(
            Finalist(**{**each, "score": Spread.from_json(each["score"]) if each["score"] else None})
            for each in raw["trials"]
        )
        known = {name: raw[name] for name in ("plan", "objective", "asked")}
        return cls(**known, folds=raw.get("folds", False), seeds=tuple(raw["seeds"]), trials=trials)


def finalists_of(config: SweepConfig, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The best trials of a search, as many as are to be finalists, the best first; fewer where there are not so many.

    The model of the one that wins is that of its own training in the search. So a finalist must have been trained in
    full there, and for as many epochs as the others; only the best trial of all is one in any case.
    """
    best = best_of(list(records))
    if best is None:
        return []
    epochs = epochs_of(config, best.number)
    others = [
        record
        for record in records
        if record.number != best.number
        and record.feasible
        and record.state == "COMPLETE"
        and epochs_of(config, record.number) == epochs
    ]
    return [best, *sorted(others, key=lambda each: each.best, reverse=True)][: config.finalists]


def with_finalists(config: SweepConfig, keeps: Keeps, before: Collection[int] = ()) -> Keeps:
    """Keeps the checkpoints of all trials that can become finalists, whatever number of epochs the best one will have.

    A trial that is none of the best of its number of epochs does not become one of them later, unless it was one
    `before` the sweep grew: their means may have chosen it.
    """
    if not config.finalists:
        return keeps

    def kept(records: Sequence[TrialRecord]) -> set[int]:
        found = keeps(records) | {record.number for record in records if record.number in before}
        for epochs in {epochs_of(config, record.number) for record in records}:
            alike = [record for record in records if epochs_of(config, record.number) == epochs]
            found |= {record.number for record in finalists_of(config, alike)}
        return found

    return kept
