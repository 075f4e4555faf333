"""Sends the study to MLflow from a thread, so that training never waits.

It only stores which trials are incomplete in MLflow, and reads the data to send from the study. So a server that is
down for days costs no memory, and what was not sent by the end of the sweep can be sent at any time later
(`sync.py`). MLflow takes seconds to import; this is done in the thread too, while Ray's workers start.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tuner.core.callback import Callback
from tuner.core.records import TrialKey, TrialRecord
from tuner.core.units import counted
from tuner.tracking.connection import FILE_WORDS, SERVER_WORDS, explain, lock_of
from tuner.tracking.retry import FIRST_S, MOST_S, backoff, is_transient

if TYPE_CHECKING:
    from tuner.tracking.runs import MlflowSweep


FLUSH_S = 0.5  # how long reports are gathered before they are sent
CLOSE_S = 15.0  # how long the end of a sweep waits for an answer
LONGEST_S = 120.0  # and how long in all, for a server whose answers take long
LOCKED_S = 120.0  # how long it waits for a file that cannot be written; else a file has all the time it needs
PROGRESS_S = 15.0
WRITING = "MLflow's file is being written"
_LATER = "and the rest is sent later"
TRIES = 3  # attempts, at the end of a sweep, to send what was refused: a database may have been locked
NOTED = 2  # failures in a row after which the user is told: a single one may be a hiccup


class Note(Protocol):
    """Tells a user a line."""

    def __call__(self, text: str, *, warning: bool = True) -> None: ...


def _no_note(text: str, *, warning: bool = True) -> None: ...


class BackgroundTracker(Callback):
    """Is told what happens to trials, and sends it. See Callback."""

    def __init__(
        self,
        connect: Callable[[Callable[[], None]], MlflowSweep],
        record: Callable[[Any], TrialRecord],
        *,
        ask: Callable[[], None] = lambda: None,
        note: Note = _no_note,
        file: Path | None = None,
    ) -> None:
        """All functions are called in the thread.

        Args:
            connect: returns the sweep's run; called again while it fails with temporary errors. Its argument is to
                be called with each answer.
            record: returns the record of a trial, by its `TrialRecord.key`.
            ask: sends the server a small request; raises when it does not answer, or is overloaded.
            note: tells the user a line, see `Callback.on_note`.
            file: of an sqlite store. That is no network: a busy machine makes it slow, and the end waits for it.
        """
        self._file, self._words = file, FILE_WORDS if file else SERVER_WORDS
        self._connect = connect
        self._record = record
        self._ask = ask
        self._note = note
        self._sweep: MlflowSweep | None = None
        self._behind: dict[TrialKey, None] = {}  # trials with something to send, the longest waiting first
        self._refused: dict[TrialKey, Exception] = {}  # those of them that MLflow refuses
        self._ask_again = 0.0
        self._tries = 0
        self._lock = threading.Lock()
        self._stopped = False
        self._closed = threading.Event()
        self._end = ""
        self._give_up, self._answered, self._patience = 0.0, 0.0, CLOSE_S
        self._failures = 0
        self._was_away = self._told_refusal = False
        self._error: Exception | None = None
        self._done = False
        self._thread = threading.Thread(target=self._work, name="mlflow-writer", daemon=True)

    def start(self) -> None:
        """Begins to send. Until then it only remembers what is to be sent."""
        self._thread.start()

    @property
    def sweep(self) -> MlflowSweep | None:
        """The sweep's own run, after `close` has returned and if MLflow answers. It may be incomplete."""
        away = self._thread.is_alive() or (self._error is not None and is_transient(self._error))
        return None if away else self._sweep

    def check(self) -> None:
        """Raises the error of a connection that can never be made: better now than at the end of the sweep."""
        if self._error and self._hopeless(self._error):
            raise self._error

    def catch_up(self, records: Iterable[TrialRecord]) -> None:
        """After a crash: sends what is missing in MLflow for these trials."""
        for record in records:
            self._put(record.key)

    def on_trial_begin(self, record: TrialRecord) -> None:
        """The trial starts or resumes."""
        self._put(record.key)

    def on_trial_report(self, number: int, metrics: Mapping[str, float]) -> None:  # noqa: ARG002 - the study has them
        """An epoch has ended."""
        self._put(number)

    def on_trial_end(self, record: TrialRecord) -> None:
        """The trial is COMPLETE, PRUNED or FAIL; its run's end is sent after everything else."""
        self._put(record.key)

    def interrupted(self, records: Iterable[TrialRecord]) -> None:
        """The sweep stops before its end: no run is left RUNNING."""
        self._stopped = True
        self.catch_up(record for record in records if not record.ended)

    def close(self, end: str = "") -> str:
        """Waits until everything is sent, and then ends the sweep's own run if an `end` is given, such as KILLED.

        Returns why not everything could be sent; empty when it was.
        """
        if not self._thread.ident:
            return "the sweep stopped before that"
        self._end = end
        self._answered = time.monotonic()
        patient = self._file is not None and not end
        self._patience = LOCKED_S if patient else CLOSE_S
        self._give_up = math.inf if patient else self._answered + LONGEST_S
        self._closed.set()
        shown = self._answered
        while self._thread.is_alive() and (patient or time.monotonic() < self._answered + CLOSE_S):
            self._thread.join(FLUSH_S)
            if patient and time.monotonic() > shown + PROGRESS_S:
                shown = time.monotonic()
                left = f": {counted(len(self._behind), 'trial')} to go" if self._behind else ""
                self._note(f"{lock_of(self._file) or WRITING}{left}", warning=False)
        self._note = _no_note  # nobody reads messages from now on
        if self._done:
            return ""
        return explain(self._error, self._file) if self._error else lock_of(self._file) or self._words.slow

    def _hear(self) -> None:
        self._answered = time.monotonic()

    def _hopeless(self, error: Exception) -> bool:
        """Whether the server has never answered properly: one that was down may give odd errors while it restarts."""
        return self._sweep is None and not self._was_away and not is_transient(error)

    def _put(self, key: TrialKey) -> None:
        with self._lock:
            self._behind[key] = None

    def _work(self) -> None:
        while not self._done:
            closed, wait = self._closed.is_set(), FLUSH_S  # read first: everything queued before it was set is sent
            try:
                self._send(closed=closed)
                self._note_success()
            except Exception as error:
                wait = self._note_failure(error)
                if self._hopeless(error):
                    return
            if not closed:
                if self._closed.wait(wait):
                    self._failures = min(self._failures, NOTED)  # somebody waits now: try again often, at first
            elif self._done or time.monotonic() + wait > self._latest():
                return
            else:
                time.sleep(wait)

    def _latest(self) -> float:
        """When the end of the sweep stops waiting."""
        return min(self._answered + self._patience, self._give_up)

    def _send(self, *, closed: bool) -> None:
        """Sends what is missing, trial by trial. A trial that is refused does not stop the others."""
        if self._failures:
            self._ask()
        if self._sweep is None:
            self._sweep = self._connect(self._hear)
        for key in self._next(closed=closed):
            self._send_trial(self._sweep, key)
            if closed and time.monotonic() > self._give_up:
                return
        if closed and self._end:
            self._sweep.end(self._end)
        if self._refused:
            raise next(iter(self._refused.values()))
        self._done = closed

    def _next(self, *, closed: bool) -> list[TrialKey]:
        """The trials with something to send; from time to time, also those that were refused."""
        with self._lock:
            if closed or time.monotonic() > self._ask_again:
                self._behind |= dict.fromkeys(self._refused)
                self._ask_again = time.monotonic() + MOST_S
            return list(self._behind)

    def _send_trial(self, sweep: MlflowSweep, key: TrialKey) -> None:
        with self._lock:
            del self._behind[key]
        try:
            sweep.send(self._record(key), stopped=self._stopped)
        except Exception as error:
            if is_transient(error):
                self._put(key)
                raise
            self._refused[key] = error
        else:
            self._refused.pop(key, None)

    def _note_success(self) -> None:
        if self._failures >= NOTED:
            self._note(f"{self._words.again}: what is missing there is being sent", warning=False)
        self._failures, self._error = 0, None

    def _note_failure(self, error: Exception) -> float:
        """Tells the user once. Returns the seconds to wait before the next attempt."""
        self._error = error
        self._was_away |= is_transient(error)
        if not is_transient(error) and self._sweep is not None:
            return self._note_refusal(error)
        self._failures += 1
        if self._failures == NOTED:
            self._note(f"{self._words.away} ({explain(error, self._file)}): training continues, {_LATER}")
        return backoff(self._failures, error)

    def _note_refusal(self, error: Exception) -> float:
        """Tells the user once. The other trials are sent meanwhile."""
        self._failures = 0
        if not self._told_refusal:
            self._told_refusal = True
            self._note(
                f"MLflow refuses part of the record ({explain(error, self._file)}): training continues, {_LATER}"
            )
        if not self._closed.is_set():
            return FLUSH_S
        self._tries += 1
        return FIRST_S if self._tries < TRIES else self._patience
