"""What has happened in a sweep, line by line, told from its study: nothing else has to be kept for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from tuner.progress import format_parameters
from tuner.records import TrialRecord

_ENDS = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}


class Event(NamedTuple):
    """Something that happened."""

    time: float
    """Seconds since 1970."""
    trial: int
    order: int
    """Of a trial's events at the same time: 0 its begin, then its epochs, its end last."""
    text: str

    def line(self) -> str:
        """For people: local time, trial, what."""
        at = datetime.fromtimestamp(self.time).astimezone()
        return f"{at:%Y-%m-%d %H:%M:%S}  trial {self.trial}  {self.text}"


def events(records: Iterable[TrialRecord]) -> list[Event]:
    """All events so far, the earliest first."""
    return sorted(event for record in records for event in _of(record))


def _of(record: TrialRecord) -> list[Event]:
    found = [Event(record.started, record.number, 0, f"begins: {format_parameters(record.parameters)}")]
    on = dict(record.nodes)
    for epoch, metrics in sorted(record.metrics.items()):
        scores = "  ".join(
            f"{name} {metrics[name]:.4f}" for name in ("train_loss", "val_loss", "val_accuracy") if name in metrics
        )
        place = f"  on {on[epoch]}" if epoch in on else ""
        place += "  with half a batch at a time: whole ones did not fit" if epoch == record.halved else ""
        found.append(Event(metrics["time"], record.number, epoch, f"epoch {epoch}  {scores}{place}"))
    if record.ended and record.finished is not None:
        best = f" with val_accuracy {record.best[0]:.4f}" if record.values else ""
        why = f": {record.reason}" if record.reason else ""
        found.append(Event(record.finished, record.number, len(found), f"{_ENDS[record.state]}{best}{why}"))
    return found
