"""A sweep that is half done, for what sums it up and what shows that."""

from __future__ import annotations

from typing import Any

from support.common import make_config
from tuner.core.records import TrialRecord

CONFIG = make_config(name="sweep", space={})
BEGAN = 5000.0
PARAMETERS = {"batch_size": 64, "optimizer": "adam", "lr": 0.0123456}


def record(number: int, state: str, *scores: float, **changes: Any) -> TrialRecord:
    values = dict(enumerate(scores, 1))
    losses = changes.get("losses", [1 - score for score in scores])
    last = changes.get("then", changes.get("time", 0.0))
    return TrialRecord(
        number=number,
        state=state,
        parameters=changes.get("parameters", PARAMETERS),
        values=values,
        metrics={
            epoch: {
                "val_loss": losses[epoch - 1],
                "epoch_seconds": 1.0,
                "time": changes.get("time", 0.0) if epoch < len(values) else last,
            }
            for epoch, score in values.items()
        },
        reason="",
        started=0.0,
        finished=None,
    )


RECORDS = [
    record(0, "COMPLETE", *(0.1 * epoch for epoch in range(1, 10))),
    record(1, "PRUNED", 0.2),
    record(2, "FAIL", 0.99),
    record(3, "RUNNING", 0.3),
    record(4, "RUNNING", 0.5, 0.95, 0.7),
    record(5, "RUNNING"),
]
LIVE = {4, 5}
