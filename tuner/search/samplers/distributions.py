"""What the parameters of a search space are drawn from, in Optuna's terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from tuner.core.records import Value
from tuner.search.space import Parameter


def distributions(parameters: Sequence[Parameter]) -> dict[str, BaseDistribution]:
    """What a trial would draw from, by the names in the study. Constants are left out."""
    recorder = _Recorder()
    for parameter in parameters:
        parameter.draw(recorder)
    return recorder.found


class _Recorder:
    """Notes what is asked of a trial."""

    def __init__(self) -> None:
        self.found: dict[str, BaseDistribution] = {}

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any:
        self.found[name] = CategoricalDistribution(choices)
        return choices[0]

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        self.found[name] = IntDistribution(low, high, log=log, step=step)
        return low

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        self.found[name] = FloatDistribution(low, high, log=log, step=step)
        return low
