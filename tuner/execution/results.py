"""A trial's report as Ray carries it from a worker to the driver: a flat dict of plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tuner.core.trial_report import TrialReport

EPOCH, REPORT = "epoch", "report"


def to_result(report: TrialReport) -> dict[str, Any]:
    """The result that is handed to Ray, which would flatten a dict in it. `epoch` is 0 for a failure."""
    return {EPOCH: report.epoch, REPORT: json.dumps(asdict(report))}


def to_report(result: Mapping[str, Any]) -> TrialReport:
    """The report that `to_result` was given."""
    raw = json.loads(result[REPORT])
    return TrialReport(**{**raw, "notes": tuple(raw["notes"])})
