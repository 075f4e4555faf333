"""The numbers that trials can be compared by: those of tuner's own loop, and those that a user's own code reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from tuner.core.errors import TunerError
from tuner.core.target_kind import CLASSES, NUMBERS, TargetKind
from tuner.core.units import number_text

DIRECTIONS = ("min", "max")


@dataclass(frozen=True)
class Metric:
    """A number that trials can be compared by."""

    name: str
    direction: str
    """One of DIRECTIONS: which values are better, unless a user says otherwise."""
    share: bool = False
    """Whether it is at most 1: a share of the samples, a mean of such, or R2."""
    before: bool = False
    """Whether it is measured before the first epoch, once: it says what a trial is, not how well it was trained."""
    own: bool = False
    """Whether it is what a user's own code reports: of any size, and perhaps called as one of ours."""
    kind: TargetKind | None = None
    """The kind of target that it is for; None for every kind."""
    in_unit: bool = False
    """Whether it is in the unit of a target that is a number: of any size."""

    @property
    def least(self) -> float:
        """The lowest value that it can have; R2 has none."""
        return -inf if self.name.endswith("_r2") and not self.own else 0.0

    def text(self, value: float) -> str:
        """The value for people.

        >>> METRICS["parameters"].text(20810), METRICS["latency_ms"].text(0.12345), METRICS["val_loss"].text(0.5)
        ('20,810', '0.123', '0.5000')
        >>> metric_of("loss", own=True).text(0.0000123456)
        '1.2346e-05'
        """
        if self.own:
            return f"{value:.5g}"
        if self.in_unit:
            return number_text(value)
        if self.name == "parameters":
            return f"{value:,.0f}"
        return f"{value:.3g}" if self.name == "latency_ms" else f"{value:.4f}"


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("val_accuracy", "max", share=True, kind=CLASSES),
        Metric("val_macro_f1", "max", share=True, kind=CLASSES),
        Metric("val_balanced_accuracy", "max", share=True, kind=CLASSES),
        Metric("val_r2", "max", share=True, kind=NUMBERS),
        Metric("val_rmse", "min", kind=NUMBERS, in_unit=True),
        Metric("val_mae", "min", kind=NUMBERS, in_unit=True),
        Metric("val_mse", "min", kind=NUMBERS, in_unit=True),
        Metric("val_loss", "min"),
        Metric("train_loss", "min"),
        Metric("train_accuracy", "max", share=True, kind=CLASSES),
        Metric("train_r2", "max", share=True, kind=NUMBERS),
        Metric("parameters", "min", before=True),
        Metric("latency_ms", "min", before=True),
    )
}
"""All of them, by name. Those of an epoch: see `training.epoch_metrics.EpochMetrics`; the others: see `TrialReport`."""
BEFORE = tuple(metric.name for metric in METRICS.values() if metric.before)
RESERVED = ("epoch", "time", "kept")
"""What else is noted with the metrics of an epoch."""
NOT_REPORTED = ("time", "epoch", "epoch_seconds")
"""What is among the metrics of an epoch, and was not reported by a user's own code."""
_OWN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,99}")


def metric_of(name: str, *, own: bool = False) -> Metric:
    """The metric of a name: one of METRICS, or one that a user's own code reports."""
    return Metric(name, "min", own=True) if own else METRICS[name]


def metrics_for(kind: TargetKind) -> list[str]:
    """The names of METRICS that a sweep with this kind of target has."""
    return [metric.name for metric in METRICS.values() if metric.kind in (None, kind)]


def check_metric_name(name: str, where: str) -> None:
    """Raises TunerError for a name that a metric of a user's own code cannot have. `where` says what has it."""
    if name in RESERVED or not _OWN_NAME.fullmatch(name):
        raise TunerError(
            f"{where} '{name}': a metric has a name of at most 100 letters, digits, _, -, . and /, which begins with a "
            f"letter or _, and is not {' or '.join(RESERVED)}"
        )
