"""What executors run: the trials of a sweep, whatever trains them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from numpy.typing import NDArray

from tuner.core.records import Value
from tuner.core.trial_report import Report

Arrays = dict[str, NDArray[Any]]
"""Data that all trials share; Ray's object store maps it into every worker without a copy."""


class Job(Protocol):
    """What all trials of a sweep have in common, and how one of them runs. It goes to every worker."""

    @property
    def sweep(self) -> str:
        """The sweep's name."""

    @property
    def threads(self) -> int:
        """Of a trial, for torch and others."""

    @property
    def gpus(self) -> float:
        """GPUs of a trial: 0, a fraction of one, 1 or more."""

    @property
    def workers(self) -> int:
        """Processes that train a trial together."""

    def hold(self, arrays: Arrays, device: torch.device) -> Any:
        """What a worker holds for all of its trials, made once."""

    def run(self, number: int, parameters: Mapping[str, Value], held: Any, report: Report) -> None:
        """Trains one trial, from its checkpoint if it has one, and reports after each epoch.

        An error is reported and not raised: raising it would cost the warm worker. When `report` raises SystemExit,
        the trial saves what it has and raises it again.
        """
