"""What a sweep tells while it runs: callbacks, named as in Ray Tune and Lightning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tuner.core.config import SweepConfig
from tuner.core.outcome import Outcome
from tuner.core.records import TrialRecord
from tuner.core.summary import Summary


class Callback:
    """Is told what happens in a sweep. All methods do nothing; override those that you need.

    They must be quick. They are called on the main thread, except `on_note`, which may come from any thread, and
    `on_sweep_end` and `on_sweep_error` of a sweep whose Ray cannot be ended, which come from a thread that then ends
    the process.
    """

    leaves_report: bool = False
    """Whether the sweep may end before its report is drawn: another process draws it then."""

    def on_sweep_begin(self, config: SweepConfig, *, confirms: bool = False) -> None:
        """This process runs the sweep from now on: its search, or once that is over what `confirms` its winner."""

    def on_phase(self, text: str) -> None:
        """Something begins that takes a while, such as "Starting Ray"; an empty text when it is over."""

    def on_note(self, text: str, *, warning: bool = True) -> None:
        """A user should know this line."""

    def on_trial_begin(self, record: TrialRecord) -> None:
        """A worker has been given the trial, for the first time or again."""

    def on_trial_report(self, number: int, metrics: Mapping[str, float]) -> None:
        """A new epoch of a trial. `metrics` has its `epoch` and the `time` of the report, in seconds since 1970."""

    def on_trial_end(self, record: TrialRecord) -> None:
        """The trial is complete, pruned or failed."""

    def on_tick(self, summary: Callable[[], Summary]) -> None:
        """Called several times a second while trials run. `summary` says where the sweep stands."""

    def on_search_end(self) -> None:
        """No trial runs any more; Ray is about to end."""

    def on_sweep_end(self, outcome: Outcome) -> None:
        """The sweep is finished, or was interrupted."""

    def on_sweep_error(self, text: str) -> None:
        """The sweep has failed, and its process ends at once."""


class Callbacks(Callback):
    """Several callbacks as one: each is told, in their order."""

    def __init__(self, callbacks: Sequence[Callback] = ()) -> None:
        self._all = list(callbacks)
        self.leaves_report = any(each.leaves_report for each in self._all)

    def add(self, callback: Callback) -> None:
        """Tells this one too, from now on."""
        self._all.append(callback)
        self.leaves_report = self.leaves_report or callback.leaves_report

    @contextmanager
    def phase(self, text: str) -> Iterator[None]:
        """Tells of a phase that lasts as long as the block; of none without a text."""
        if text:
            self.on_phase(text)
        try:
            yield
        finally:
            if text:
                self.on_phase("")

    def on_sweep_begin(self, config: SweepConfig, *, confirms: bool = False) -> None:
        """See Callback, also for all that follow."""
        for each in self._all:
            each.on_sweep_begin(config, confirms=confirms)

    def on_phase(self, text: str) -> None:
        for each in self._all:
            each.on_phase(text)

    def on_note(self, text: str, *, warning: bool = True) -> None:
        for each in self._all:
            each.on_note(text, warning=warning)

    def on_trial_begin(self, record: TrialRecord) -> None:
        for each in self._all:
            each.on_trial_begin(record)

    def on_trial_report(self, number: int, metrics: Mapping[str, float]) -> None:
        for each in self._all:
            each.on_trial_report(number, metrics)

    def on_trial_end(self, record: TrialRecord) -> None:
        for each in self._all:
            each.on_trial_end(record)

    def on_tick(self, summary: Callable[[], Summary]) -> None:
        for each in self._all:
            each.on_tick(summary)

    def on_search_end(self) -> None:
        for each in self._all:
            each.on_search_end()

    def on_sweep_end(self, outcome: Outcome) -> None:
        for each in self._all:
            each.on_sweep_end(outcome)

    def on_sweep_error(self, text: str) -> None:
        for each in self._all:
            each.on_sweep_error(text)
