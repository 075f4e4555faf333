"""Sends what happens to trials to MLflow from a thread, in batches, so that training never waits.

MLflow, which takes seconds to import, is imported in the thread too, while Ray's workers start.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tuner.records import TrialRecord
from tuner.space import Value

if TYPE_CHECKING:
    from tuner.tracking import MlflowSweep

FLUSH_S = 0.5  # how long reports are gathered before they are sent
CLOSE_S = 30.0  # how long the end of a sweep waits for a server that does not answer
RUN_STATUS = {"RUNNING": "KILLED", "COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
ENDS = frozenset(RUN_STATUS.values())


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be written of one trial; empty fields stay as they are."""

    parameters: Mapping[str, Value] = field(default_factory=dict)
    metrics: tuple[Mapping[str, float], ...] = ()
    """Each with its `epoch` and its `time` in seconds since 1970."""
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    """RUNNING, or one of ENDS."""
    started: float | None = None
    finished: float | None = None

    def then(self, later: Change) -> Change:
        """This change and a later one as one."""
        return replace(
            self,
            parameters={**self.parameters, **later.parameters},
            metrics=self.metrics + later.metrics,
            tags={**self.tags, **later.tags},
            status=later.status or self.status,
            started=self.started or later.started,
            finished=later.finished,
        )


class Tracker:
    """Is told what happens to trials, and sends it. See `policy.Listener`."""

    def __init__(self, connect: Callable[[], MlflowSweep]) -> None:
        """`connect` is called once, in the thread."""
        self._connect = connect
        self._sweep: MlflowSweep | None = None
        self._waiting: queue.SimpleQueue[tuple[int, Change] | None] = queue.SimpleQueue()
        self._unsent: dict[int, Change] = {}
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="mlflow-writer", daemon=True)
        self._thread.start()

    @property
    def sweep(self) -> MlflowSweep:
        """The sweep's own run, once `close` has returned. Raises the error that kept it from being made."""
        if self._sweep is None:
            raise self._error or TimeoutError("the MLflow server has not answered yet")
        return self._sweep

    def check(self) -> None:
        """Raises the error of a connection that could not be made: better now than at the end of the sweep."""
        if self._error and self._sweep is None:
            raise self._error

    def catch_up(self, records: Iterable[TrialRecord]) -> None:
        """After a crash: sends again all that a sweep's trials have reported. What is there already stays."""
        for record in records:
            change = Change(
                metrics=tuple(record.metrics.values()), parameters=record.parameters, started=record.started
            )
            self._put(record.number, change)
            if record.ended:
                self.trial_ended(record)

    def trial_started(self, record: TrialRecord) -> None:
        """A worker has the trial, for the first time or again."""
        self._put(record.number, Change(parameters=record.parameters, started=record.started, status="RUNNING"))

    def trial_reported(self, number: int, metrics: Mapping[str, float]) -> None:
        """An epoch has ended."""
        self._put(number, Change(metrics=(metrics,)))

    def trial_ended(self, record: TrialRecord) -> None:
        """The trial is COMPLETE, PRUNED or FAIL; its run's end is written after everything else of it."""
        state = "INTERRUPTED" if record.state == "RUNNING" else record.state
        tags = {"tuner.state": state} | ({"tuner.reason": record.reason} if record.reason else {})
        self._put(record.number, Change(tags=tags, status=RUN_STATUS[record.state], finished=record.finished))

    def interrupted(self, records: Iterable[TrialRecord]) -> None:
        """The sweep stops before its end: no run is left RUNNING."""
        for record in records:
            if not record.ended:
                self.trial_ended(record)

    def abandon(self, records: Iterable[TrialRecord]) -> None:
        """An error stops the sweep: its run is FAILED, as far as MLflow can still be told."""
        self.interrupted(records)
        self.close()
        if self._sweep:
            with suppress(Exception):  # the error that stopped the sweep is the one to show
                self._sweep.end("FAILED")

    def close(self) -> Exception | None:
        """Waits until all is sent. The error of the last attempt, if something could not be sent."""
        self._waiting.put(None)
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            return self._error or TimeoutError(f"the MLflow server did not answer for {CLOSE_S:.0f} s")
        return self._error if self._unsent or self._sweep is None else None

    def _put(self, number: int, change: Change) -> None:
        self._waiting.put((number, change))

    def _work(self) -> None:
        try:
            self._sweep = self._connect()
        except Exception as error:
            self._error = error
            return
        deadline = 0.0  # set by `close`: until then it is tried again and again, and then for a while more
        while not deadline or (self._unsent and time.monotonic() < deadline):
            if self._gather():
                deadline = time.monotonic() + CLOSE_S
            self._send(self._sweep)

    def _gather(self) -> bool:
        """Merges the changes of a moment by trial. True once `close` was called."""
        until = time.monotonic() + FLUSH_S
        timeout = FLUSH_S if self._unsent else None  # None: for as long as nothing happens
        while True:
            try:
                item = self._waiting.get(timeout=timeout)
            except queue.Empty:
                return False
            if item is None:
                return True
            number, change = item
            self._unsent[number] = self._unsent.get(number, Change()).then(change)
            timeout = max(0.0, until - time.monotonic())

    def _send(self, sweep: MlflowSweep) -> None:
        """Sends each trial's change; one that fails is kept for the next time."""
        for number in list(self._unsent):
            try:
                sweep.write(number, self._unsent[number])
                del self._unsent[number]
            except Exception as error:
                self._error = error
                time.sleep(FLUSH_S)
