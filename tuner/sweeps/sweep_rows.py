"""A row for each sweep of a folder of sweeps, for scripts."""

from __future__ import annotations

from typing import Any

from tuner.sweeps.status import Status


def sweep_row(status: Status, disk_bytes: int) -> dict[str, Any]:
    """The row of a sweep whose folder takes so many bytes."""
    best, first = status.summary.best, status.config.goal.first
    return {
        "sweep": status.config.name,
        "pair": status.config.pair,
        "state": status.state,
        "trials": dict(status.summary.counts),
        "metric": first.name,
        "best": None if best is None else best.score,
        "began": status.began,
        "finished": status.finished,
        "disk_bytes": disk_bytes,
    }
