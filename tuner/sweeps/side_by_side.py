"""`tuner compare PAIR`: the sweeps of one pair side by side: what each was allowed, what it searched, what it found.

All of it is read from their folders, so it needs no tracking server. Whether scores may be compared is said in notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_result
from tuner.core.scores import Interval
from tuner.core.sweep_folder import SweepFolder, known_sweep, sweep_names
from tuner.sweeps.status import Status
from tuner.sweeps.sweep_reader import SweepReader


@dataclass(frozen=True, kw_only=True)
class SweepSide:
    """One of the sweeps."""

    status: Status
    records: tuple[TrialRecord, ...]
    result: dict[str, Any]
    """Its result.json; empty where it is not finished."""

    @property
    def config(self) -> SweepConfig:
        """What it was to do."""
        return self.status.config

    @property
    def best(self) -> TrialRecord | None:
        """Its winner, or the best trial so far."""
        return self.status.summary.best

    @property
    def seconds(self) -> float | None:
        """Wall-clock time of the run that ended the search; None before."""
        found: float | None = self.result.get("seconds")
        return found

    @property
    def error(self) -> Interval | None:
        """The 95 % interval of the validation accuracy of its winner, by the number of samples; None for others."""
        samples = self.result.get("best", {}).get("val_samples")
        if self.best is None or not samples or not self.best.goal.by_accuracy:
            return None
        from tuner.training.score_error import wilson  # noqa: PLC0415 - imports scipy

        found: Interval = wilson(self.best.score * samples, samples)
        return found

    def to_json(self) -> dict[str, Any]:
        """For scripts: raw values."""
        config, kept = self.config, ("trials", "epochs", "sampler", "scheduler", "seed", "concurrency", "limit")
        best = self.best
        return {
            "sweep": config.name,
            "state": self.status.state,
            **{name: getattr(config, name) for name in kept},
            "objective": config.objective,
            "constraint": config.constraint,
            "space": config.space,
            "trials_by_state": dict(self.status.summary.counts),
            "epochs_trained": self.status.summary.epochs,
            "seconds": self.seconds,
            "ended_by": self.status.ended_by or None,
            "best": best
            and {
                "trial": best.number,
                "score": best.score,
                "interval": self.error,
                "parameters": best.parameters,
            },
            "test": self.result.get("test"),
            "data": config.data,
            "test_data": self.result.get("test_data"),
            "validation_data": _validation_data(self),
        }


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """The sweeps of a pair, the oldest first."""

    pair: str
    sides: tuple[SweepSide, ...]
    notes: tuple[str, ...]
    """What keeps their scores from being compared."""

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {"pair": self.pair, "sweeps": [each.to_json() for each in self.sides], "notes": self.notes}


def sweeps_meant(words: Sequence[str], home: Path) -> list[str]:
    """The sweeps that are meant by one pair, or by two names of sweeps or more; none for a dataset, or nothing.

    Raises:
        TunerError: there is no such sweep, or it stands alone.
    """
    if len(words) > 1:
        for place, name in enumerate(words):
            known_sweep(name, home)
            if name in words[:place]:
                raise TunerError(f"{name} is named twice")
        return list(words)
    if not words:
        return []
    [word] = words
    named = sweep_names(home)
    if word in named:
        pair = known_sweep(word, home).pair
        raise TunerError(f"{word} is one sweep: name another one beside it, or compare all of its pair: {pair}")
    return [name for name in named if _pair(name, home) == word]


def side_by_side(names: Sequence[str], home: Path) -> SideBySide:
    """These sweeps, in this order.

    Raises:
        TunerError: they are of several pairs, or there is only one.
    """
    sides = tuple(_side(name, home) for name in names)
    pairs = list(dict.fromkeys(each.config.pair for each in sides))
    if len(pairs) > 1:
        raise TunerError(
            f"{' and '.join(names)} are sweeps of different pairs ({', '.join(pairs)}): tuner compare alone shows the "
            "best sweep of each pair"
        )
    if len(sides) < 2:
        raise TunerError(f"{pairs[0]} has one sweep, {names[0]}: there is nothing to compare it with")
    return SideBySide(pair=pairs[0], sides=sides, notes=tuple(_notes(sides)))


def _pair(name: str, home: Path) -> str:
    try:
        return known_sweep(name, home).pair
    except TunerError:
        return ""  # it is damaged: tuner status says so


def _side(name: str, home: Path) -> SweepSide:
    reader, folder = SweepReader(name, home), SweepFolder(home / name)
    result = read_result(folder.path) if folder.result.exists() else {}
    return SweepSide(status=reader.status(), records=tuple(reader.records()), result=result)


def _validation_data(side: SweepSide) -> str | None:
    found: str | None = (side.result.get("validation") or {}).get("data")
    return found


_ALIKE = {
    "data": "their data differ, or how they are divided: neither validation nor test scores can be compared",
    "limit": "they used different numbers of samples (--limit): their validation scores are of different samples",
    "objective": "they had different objectives: each has the best trial by its own",
    "constraint": "they had different constraints on the winner",
    "pretrained": "they began from different pretrained weights",
    "passes": "an epoch was not the same number of passes over the samples",
}

_SHOWN = ("limit", "objective", "constraint")
"""Of these the values are shown; of the others, which sweeps have the same."""


def _notes(sides: Sequence[SweepSide]) -> Iterator[str]:
    """A line for each thing that keeps their scores apart."""
    told = set()
    for name, why in _ALIKE.items():
        if len({str(asdict(each.config)[name]) for each in sides}) > 1:
            told.add(name)
            yield f"{why}: {(_by_value if name in _SHOWN else _groups)(sides, name)}"
    tested = {each.result.get("test_data") for each in sides if each.result}
    if len(tested) > 1 and "data" not in told:
        yield "they were tested on different test sets: their test scores cannot be compared"
    validated = {_validation_data(each) for each in sides if each.result}
    if len(validated) > 1 and not told & {"data", "limit"}:
        yield "their winners were validated on different samples: their validation scores cannot be compared"
    open_ = [each.config.name for each in sides if not each.result]
    if open_:
        yield f"not finished, so without a test: {', '.join(open_)}"


def _by_value(sides: Sequence[SweepSide], name: str) -> str:
    return ", ".join(f"{each.config.name} {getattr(each.config, name) or 'none'}" for each in sides)


def _groups(sides: Sequence[SweepSide], name: str) -> str:
    """Which sweeps have the same: `a, b | c`."""
    groups: dict[str, list[str]] = {}
    for each in sides:
        groups.setdefault(str(getattr(each.config, name)), []).append(each.config.name)
    return " | ".join(", ".join(group) for group in groups.values())
