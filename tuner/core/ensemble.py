"""What an ensemble of a sweep's models came to: plain data, and the names under which it is registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tuner.core.outcome import RegisteredModel
from tuner.core.scores import Difference, Interval, NumberScores, TestScores, read_scores

ENSEMBLE_SUFFIX, SOUP_SUFFIX = "-ensemble", "-soup"


def is_derived(name: str) -> bool:
    """Whether a registered model of this name is an ensemble or a soup of a pair's models, and no model of its own.

    >>> is_derived("digits-cnn"), is_derived("digits-cnn-ensemble"), is_derived("digits-cnn-soup")
    (False, True, True)
    """
    return name.endswith((ENSEMBLE_SUFFIX, SOUP_SUFFIX))


@dataclass(frozen=True, kw_only=True)
class Picked:
    """A trained model that is a member."""

    key: str
    """The number of the trial, or what tells a training that confirms one apart."""
    model: str
    share: float
    """Its weight in the mean: those of all members sum to 1. In a soup all have the same."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better it is than the single winner on validation samples.

    Each sample is judged by a mixture that was chosen on the others, since one that is chosen and judged on the same
    samples looks too good.
    """

    single: float
    """The score of the winner."""
    crossed: float
    """The score of the mixtures."""
    chosen: float
    """That of the final one on the samples that it was chosen on: too high."""
    difference: Difference
    """Of the scores, `crossed` minus `single`."""
    loss: float
    """By how much the loss is lower: mean cross-entropy in nats, or squared error in variances of the target."""
    loss_error: float
    """Its standard error."""
    loss_interval: Interval

    @property
    def wins(self) -> bool:
        """Whether it is better by more than noise: by its score, or by its loss while the score is not lower."""
        return self.difference.better or (self.loss_interval.low > 0 and self.difference.size >= 0)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """An ensemble, or a soup."""

    kind: str
    """`ensemble` or `soup`."""
    members: tuple[Picked, ...]
    """Those with the largest shares first."""
    gain: Gain | None
    """None where one member is all that was picked."""
    samples: int
    """Of the validation split."""
    test: TestScores | NumberScores | None = None
    """None while it is not tested: what does not win is not."""
    test_difference: Difference | None = None
    """From the single winner, on the same test samples."""
    bytes: int = 0
    latency_ms: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By the size of the batch: of the single winner, and of the mixture."""
    folder: str = ""
    """Where its files are, within the sweep's folder; empty while it is not kept."""
    model: RegisteredModel | None = None

    @property
    def wins(self) -> bool:
        """Whether it is better than the single winner by more than noise."""
        return self.gain is not None and self.gain.wins

    def to_json(self) -> dict[str, Any]:
        """As in ensemble.json."""
        found = asdict(self)
        if self.gain:
            found["gain"] = {**asdict(self.gain), "difference": self.gain.difference.to_json(), "wins": self.gain.wins}
        found["test"] = self.test.to_json() if self.test else None
        found["test_difference"] = self.test_difference.to_json() if self.test_difference else None
        return found

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        gain = raw["gain"]
        if gain:
            known = {name: value for name, value in gain.items() if name != "wins"}
            difference = Difference.from_json(gain["difference"])
            gain = Gain(**{**known, "difference": difference, "loss_interval": Interval(*gain["loss_interval"])})
        changed: dict[str, Any] = {
            "members": tuple(Picked(**each) for each in raw["members"]),
            "gain": gain,
            "test": read_scores(raw["test"]) if raw["test"] else None,
            "test_difference": Difference.from_json(raw["test_difference"]) if raw["test_difference"] else None,
            "latency_ms": {batch: (each[0], each[1]) for batch, each in raw["latency_ms"].items()},
            "model": RegisteredModel(**raw["model"]) if raw["model"] else None,
        }
        return cls(**{**raw, **changed})


@dataclass(frozen=True, kw_only=True)
class EnsembleReport:
    """What `tuner ensemble` found."""

    sweep: str
    winner: int
    """The trial of the single winner."""
    size: int
    """How many models it may have."""
    trials: int
    """How many the sweep had."""
    candidates: tuple[str, ...]
    """The keys of all that could be picked."""
    ensemble: Mixture
    soup: Mixture | None
    """None where no two candidates have one architecture and the same pretrained weights."""
    looks: int = 0
    """How many mixtures of the sweep have been tested on the test split, up to now."""

    @property
    def mixtures(self) -> tuple[Mixture, ...]:
        """The ensemble, and the soup if there is one."""
        return (self.ensemble, self.soup) if self.soup else (self.ensemble,)

    def to_json(self) -> dict[str, Any]:
        """As in ensemble.json."""
        mixtures = {"ensemble": self.ensemble.to_json(), "soup": self.soup.to_json() if self.soup else None}
        return {**asdict(self), **mixtures}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        soup = Mixture.from_json(raw["soup"]) if raw["soup"] else None
        known = {**raw, "candidates": tuple(raw["candidates"]), "soup": soup}
        return cls(**{**known, "ensemble": Mixture.from_json(raw["ensemble"])})
