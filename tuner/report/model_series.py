"""The models of a sweep of several, as the picture and the page show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.core.config import SweepConfig
from tuner.core.models_compared import AgainstModel, by_model, seconds_of
from tuner.core.own_code import title
from tuner.core.records import TrialRecord, best_of
from tuner.report.findings import Findings
from tuner.report.not_shown import NotShown


@dataclass(frozen=True, kw_only=True)
class ModelSeries:
    """What one model got and gave."""

    name: str
    """Its title."""
    trials: Sequence[TrialRecord]
    epochs: int
    seconds: float
    """Of training and validation."""
    best: TrialRecord | None
    against: AgainstModel | None = None
    """How the winner compares with it; None for the winner's own model, and before the end."""
    weights: int | None = None
    """Trainable weights of the best trial's model; None before the end."""
    curve: Sequence[tuple[int, float]] = ()
    """The best score so far of its trials, each with the epochs that the whole search had trained by then."""


def model_series(findings: Findings) -> list[ModelSeries]:
    """All models, in the order in which they were named.

    Raises:
        NotShown: the sweep has one model, or no trial has a score.
    """
    config, records = findings.config, findings.scored
    if not config.several:
        raise NotShown("the sweep has one model")
    curves = _curves(config, records)
    found = [
        ModelSeries(
            name=name,
            trials=trials,
            epochs=sum(len(each.values) for each in trials),
            seconds=sum(map(seconds_of, trials)),
            best=best_of(trials),
            curve=curves[name],
        )
        for name, trials in by_model(config, records).items()
    ]
    return [_with_result(each, findings) for each in found]


def _with_result(series: ModelSeries, findings: Findings) -> ModelSeries:
    result = findings.result
    if result is None:
        return series
    if series.name == title(findings.config.model_of(findings.best.parameters)):
        return replace(series, best=findings.best, weights=result["cost"]["parameters"])
    found = {raw["model"]: AgainstModel.from_json(raw) for raw in result.get("models", ())}.get(series.name)
    return replace(series, against=found, weights=found.parameters) if found else series


def _curves(config: SweepConfig, records: Sequence[TrialRecord]) -> Mapping[str, Sequence[tuple[int, float]]]:
    """The best score so far of each model, whenever it rose, in the order in which epochs were reported."""
    told = [
        (metrics["time"], record.number, epoch, name)
        for name, trials in by_model(config, records).items()
        for record in trials
        for epoch, metrics in record.metrics.items()
        if epoch in record.values
    ]
    known = {record.number: record for record in records}
    curves: dict[str, list[tuple[int, float]]] = {name: [] for name in by_model(config, records)}
    goal = config.goal.watched
    for done, (_, number, epoch, name) in enumerate(sorted(told), 1):
        score, curve = known[number].values[epoch], curves[name]
        if known[number].state != "FAIL" and (not curve or goal.gain(score) > goal.gain(curve[-1][1])):
            curve.append((done, score))
    return {name: [*curve, (len(told), curve[-1][1])] if curve else [] for name, curve in curves.items()}
