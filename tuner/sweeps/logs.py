"""What has happened in a sweep, line by line, read from its study."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from tuner.core.errors import TunerError
from tuner.core.metric import NOT_REPORTED
from tuner.core.records import TrialRecord
from tuner.core.units import format_parameters
from tuner.sweeps.lock import is_running
from tuner.sweeps.status import POLL_S
from tuner.sweeps.sweep_reader import SweepReader

LOGGED = ("train_loss", "val_loss")  # of each epoch, before the score and what else the sweep goes by


class Event(NamedTuple):
    """Something that happened to a trial."""

    time: float
    """Seconds since 1970."""
    trial: int
    order: int
    """The order of a trial's events at the same time: 0 for its start, then its epochs, its end last."""
    text: str
    what: str = "trial"
    """`confirm` for a training that confirms a trial, `refit` for one on the validation samples too."""

    def line(self) -> str:
        """The event for people: local time, trial and text."""
        at = datetime.fromtimestamp(self.time).astimezone()
        return f"{at:%Y-%m-%d %H:%M:%S}  {self.what} {self.trial}  {self.text}"


def events(records: Iterable[TrialRecord]) -> list[Event]:
    """All events so far, the earliest first."""
    return sorted(event for record in records for event in _of(record))


def _of(record: TrialRecord) -> list[Event]:
    what, seed, number = "trial", "", record.number
    if record.confirms is not None:
        what, seed = "confirm", f"seed {record.confirms}, "
    if record.refits is not None:
        what, number = "refit", record.refits
    found = [Event(record.started, number, 0, f"begins: {seed}{format_parameters(record.parameters_in(1))}", what)]
    on = dict(record.nodes)
    taken = {each.epoch + 1: each for each in record.exploits}
    own = [name for values in record.metrics.values() for name in values if name not in NOT_REPORTED]
    logged = own if record.goal.own else (*LOGGED, record.goal.score)
    named = dict.fromkeys([*logged, *(metric.name for metric in record.goal.metrics)])
    if what == "refit":  # it has seen the validation samples
        named = dict.fromkeys(["train_loss"])
    for epoch, metrics in sorted(record.metrics.items()):
        scores = "  ".join(f"{name} {metrics[name]:.4f}" for name in named if name in metrics)
        place = f"  on {on[epoch]}" if epoch in on else ""
        place += "  with half a batch at a time: a whole one did not fit into memory" if epoch == record.halved else ""
        place += f"  from {taken[epoch]}" if epoch in taken else ""
        found.append(Event(metrics["time"], number, epoch, f"epoch {epoch}  {scores}{place}", what))
    if record.ended and record.finished is not None:
        best = f" with {record.score_text()}" if record.values and what != "refit" else ""
        why = f": {record.reason}" if record.reason else ""
        found.append(Event(record.finished, number, len(found), f"{record.word}{best}{why}", what))
    return found


def follow_events(sweep: SweepReader, trial: int | None, *, follow: bool) -> Iterator[Event]:
    """The events of a sweep, or of one trial; with `follow` also those to come, until the sweep stops running.

    Raises:
        TunerError: there is no such trial.
    """
    shown: set[tuple[str, int, int]] = set()
    while True:
        running = is_running(sweep.folder)  # asked first, so that its last words are not missed
        records = sweep.records()
        if trial is not None and trial >= len(records) and not (follow and running):
            raise TunerError(f"--trial {trial}: {sweep.config.name} has {len(records)} trials so far, from 0 on")
        wanted = [*records, *sweep.later_records()] if trial is None else records[trial : trial + 1]
        for event in events(wanted):
            key = event.what, event.trial, event.order
            if key not in shown:
                shown.add(key)
                yield event
        if not (follow and running):
            return
        time.sleep(POLL_S)
