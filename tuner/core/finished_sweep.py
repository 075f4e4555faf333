"""A finished sweep, as recorded in MLflow."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.core.library_names import title
from tuner.core.scores import NumberScores, TestScores
from tuner.core.validation import Validation


@dataclass(frozen=True, kw_only=True)
class FinishedSweep:
    """A finished sweep, as recorded in its own MLflow run."""

    pair: str
    name: str
    uid: str
    dataset: str
    """A name, or FORMAT:PATH: see `source.Source.dataset`."""
    model: str
    started: float
    """Seconds since 1970."""
    test_data: str
    """The test split's fingerprint."""
    scores: TestScores | NumberScores
    """On the test split."""
    parameters: int | None
    """See `cost.Cost` for this and the next three; None if the sweep's version of tuner did not measure it."""
    flops: int | None
    bytes: int | None
    train_seconds: float | None
    experiment: str = ""
    """The name of its experiment in MLflow, where that is not the pair."""
    machine: str
    """What it ran on, such as `2 CPU cores` or `8 CPU cores, NVIDIA H200`."""
    val_score: float | None = None
    """Of the winner in its own sweep; with `limit` on a part of the validation split."""
    limit: int | None = None
    """The most samples for training and validation; None for all."""
    validation: Validation | None = None
    """On the whole validation split; None if the sweep's version of tuner did not measure it."""
    tested: int = 0
    """How many other models of the sweep were tested on the test split: see `Winner.tested`."""

    @property
    def data(self) -> str:
        """The first half of the pair's name."""
        return self.pair.removesuffix(f"-{title(self.model)}")

    @property
    def split(self) -> str:
        """Stands for the validation split: its fingerprint, or for sweeps of earlier versions what it goes with."""
        return self.validation.data if self.validation else f"{self.test_data} {self.limit or ''}"
