"""Confirming trials: their parameters are trained again with other seeds. The plan of that, and what it came to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from tuner.core.confirm_request import TESTS
from tuner.core.errors import TunerError, one_line
from tuner.core.files import make_folder, read_checked_json, write_checked_json
from tuner.core.records import TrialRecord, Value
from tuner.core.scores import Interval
from tuner.core.sweep_folder import SweepFolder
from tuner.core.target_kind import CLASSES


@dataclass(frozen=True, kw_only=True)
class ConfirmPoint:
    """One training."""

    trial: int
    """The trial of the sweep whose parameters it has."""
    parameters: dict[str, Value]
    seed: int
    """As in `tuner train --from-best SWEEP --seed SEED`, which repeats the training (without `reshuffle`)."""


@dataclass(frozen=True, kw_only=True)
class ConfirmPlan:
    """All trainings, in the order of their numbers. Each trial has the same seeds, so that they can be compared."""

    points: tuple[ConfirmPoint, ...]
    reshuffle: bool = False
    """Whether each seed has its own division of the samples into training and validation."""
    folds: bool = False
    """Whether the seeds divide the samples into folds, each of which is the validation split of one seed."""
    test: str = TESTS[0]
    """One of TESTS."""
    finalists: tuple[int, ...] = ()
    """The trials of which the winner is chosen by what these trainings come to, the best of the search first. Empty
    when they confirm a winner that was chosen before."""
    uid: str = ""
    """Tells plans apart: after `confirm` is deleted, the sweep gets another. Empty in those of earlier versions."""

    @classmethod
    def of(
        cls, trials: Sequence[TrialRecord], seeds: Sequence[int], *, reshuffle: bool, test: str, folds: bool = False
    ) -> Self:
        """A plan for several trials, seed by seed."""
        points = [
            ConfirmPoint(trial=record.number, parameters=dict(record.parameters), seed=seed)
            for seed in seeds
            for record in trials
        ]
        return cls(points=tuple(points), reshuffle=reshuffle, folds=folds, test=test, uid=uuid.uuid4().hex[:8])

    @property
    def seeds(self) -> tuple[int, ...]:
        """Each seed once."""
        return tuple(dict.fromkeys(point.seed for point in self.points))

    @property
    def trials(self) -> tuple[int, ...]:
        """Each trial of the sweep once."""
        return tuple(dict.fromkeys(point.trial for point in self.points))

    @property
    def how(self) -> tuple[bool, bool, str]:
        """What two plans must have in common for one to go on with the other."""
        return self.reshuffle, self.folds, self.test

    @property
    def overlap(self) -> float:
        """The ratio of validation to training samples, where folds decide it; 0 where they do not. See `spread_of`."""
        return 1 / (len(self.seeds) - 1) if self.folds else 0.0

    def mark(self, record: TrialRecord) -> TrialRecord:
        """A record of the confirmation's study, told apart from those of the search."""
        return replace(record, confirms=self.points[record.number].seed, plan=self.uid)

    def save(self, folder: SweepFolder) -> None:
        """Writes the file. From then on the search of the sweep is over."""
        make_folder(folder.confirmation.path)
        write_checked_json(folder.confirm_plan, asdict(self))

    @classmethod
    def load(cls, folder: SweepFolder) -> Self | None:
        """Reads the file; None when there is none. Raises TunerError when it is damaged."""
        return cls._read(folder.confirm_plan)

    @classmethod
    def load_earlier(cls, folder: SweepFolder) -> Self | None:
        """The plan of before, while the sweep grows; None when there was none. Raises TunerError as `load` does."""
        return cls._read(folder.earlier_plan)

    @classmethod
    def _read(cls, file: Path) -> Self | None:
        try:
            raw = read_checked_json(file)
            points = tuple(ConfirmPoint(**point) for point in raw["points"])
            later = {"finalists": tuple(raw.get("finalists", ())), "folds": raw.get("folds", False)}
            return cls(points=points, reshuffle=raw["reshuffle"], test=raw["test"], uid=raw.get("uid", ""), **later)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TunerError(f"{file} is damaged: {one_line(error)}") from None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A score over several trainings."""

    values: tuple[float, ...]
    mean: float
    sd: float | None = None
    """Standard deviation over the trainings; None, as `interval`, for a single one."""
    interval: Interval | None = None
    """Of the mean."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `dataclasses.asdict`."""
        interval = None if raw["interval"] is None else Interval(*raw["interval"])
        return cls(values=tuple(raw["values"]), mean=raw["mean"], sd=raw["sd"], interval=interval)


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What the trainings that confirm a trial came to. The trial itself is not among them: it was chosen for its score.

    Each value is that of the kept epoch.
    """

    trial: int
    asked: int
    """How many seeds were asked for."""
    seeds: tuple[int, ...]
    """Of the trainings that were completed."""
    score: Spread | None
    """Of the validation score `metric`, in the order of `seeds`; None when no training was completed."""
    metric: str = CLASSES.val_score
    reshuffle: bool
    folds: bool = False
    """Whether each of these trainings was validated on another fold of the samples."""
    finished: float
    """When the last training ended, in seconds since 1970."""
    failed: tuple[str, ...] = ()
    """Why trainings were not completed, a line each."""
    test: Mapping[str, Spread] = field(default_factory=dict)
    """Scores on the test split, by `TargetKind.tested`. Empty when no model but the winner was tested."""
    tested_seeds: tuple[int, ...] = ()
    """Of the trainings whose models were tested, in the order of the values in `test`."""
    tested_before: int = 0
    """How many models were tested for earlier plans, which this one took the place of: those were looks, too."""
    plan: str = ""
    """The `ConfirmPlan.uid` of the trainings."""

    @property
    def looks(self) -> int:
        """How many models were tested on the test split, those of earlier plans included."""
        return self.tested_before + len(self.tested_seeds)

    def to_json(self) -> dict[str, Any]:
        """As in result.json: the spread of the validation score is not nested."""
        raw = asdict(self)
        spread = raw.pop("score") or {"values": (), "mean": None, "sd": None, "interval": None}
        return raw | spread

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        raw = {
            "tested_before": 0,
            "plan": "",
            "folds": False,
            "metric": CLASSES.val_score,
            **raw,
        }  # earlier versions did not note these
        own = {each.name: raw[each.name] for each in fields(cls) if each.name != "score"}
        own |= {name: tuple(raw[name]) for name in ("seeds", "failed", "tested_seeds")}
        own["test"] = {name: Spread.from_json(each) for name, each in raw["test"].items()}
        return cls(**own, score=Spread.from_json(raw) if raw["values"] else None)
