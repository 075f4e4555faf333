"""Runs a sweep for a person at a terminal: prints what happens and gives the exit status."""

from __future__ import annotations

import signal
from collections.abc import Callable

from rich.console import Console
from rich.status import Status
from rich.text import Text

from tuner.cli.console import print_json
from tuner.cli.progress import ProgressView
from tuner.cli.sweep_tables import print_outcome
from tuner.cli.waiting import leaves_report
from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError, SweepStopped
from tuner.core.files import tuner_home
from tuner.core.outcome import UNSENT, Outcome
from tuner.core.summary import Summary
from tuner.sweeps.announcement import announcement, start_lines
from tuner.tracking.store import Store


def run(call: Callable[[Callback], Outcome], *, as_json: bool, out: Console, err: Console, wait: bool = False) -> int:
    """Calls a function of `sweeps.api` with a callback that prints. Returns the exit status.

    On a terminal the report may be left to another process, unless `wait` is set.
    """
    try:
        printer = Printer(out, err, as_json=as_json)
        printer.leaves_report = leaves_report(wait=wait, as_json=as_json)
        outcome = call(printer)
    except SweepStopped as stop:
        err.print(_stopped(stop.name, stop.signal), markup=False, soft_wrap=True)
        return 128 + stop.signal
    except SweepError as error:
        err.print(f"error: {error}", markup=False, soft_wrap=True)
        return 1
    if not outcome.finished:
        return 128 + (outcome.stopped_by or signal.SIGINT)
    return UNSENT if outcome.unsent else 0


def notes_of(err: Console) -> Callbacks:
    """Callbacks that show warnings and phases, and nothing else."""
    return Callbacks([Printer(err, err, as_json=False)])


class Printer(Callback):
    """Shows what happens: progress and warnings on `err`, the result on `out`."""

    def __init__(self, out: Console, err: Console, *, as_json: bool) -> None:
        self._out = out
        self._err = err
        self._as_json = as_json
        self._store = Store.of(tuner_home())  # MLflow changes the variables that this reads
        self._phase: Status | None = None
        self._view: ProgressView | None = None

    def on_sweep_begin(self, config: SweepConfig, *, confirms: bool = False) -> None:
        """Announces the sweep."""
        line = announcement(config, confirms=confirms)
        self._err.print(Text.assemble((config.name, "bold"), line.removeprefix(config.name)), soft_wrap=True)
        for line in [] if confirms else start_lines(config):
            self._err.print(line, markup=False, soft_wrap=True)
        self._view = ProgressView(config, self._err)

    def on_phase(self, text: str) -> None:
        """A spinner on a terminal, nothing elsewhere."""
        if self._phase:
            self._phase.stop()
        self._phase = self._err.status(text) if text else None
        if self._phase:
            self._phase.start()

    def on_note(self, text: str, *, warning: bool = True) -> None:
        """A line."""
        self._err.print(f"warning: {text}" if warning else text, markup=False, soft_wrap=True)

    def on_tick(self, summary: Callable[[], Summary]) -> None:
        """The live view."""
        if self._view:
            self._view.tick(summary)

    def on_search_end(self) -> None:
        """The live view goes."""
        if self._view:
            self._view.close()

    def on_sweep_end(self, outcome: Outcome) -> None:
        """The result, and what to type next."""
        self._err.show_cursor()  # which the live view hides
        if self._as_json:
            print_json(outcome.to_json(), self._out)
        else:
            print_outcome(outcome, self._store, self._out)
        name = outcome.config.name
        if outcome.unsent:
            saved = outcome.winner is not None and outcome.winner.model is None
            model = "the model is tested and saved, but not registered; " if saved else ""
            self.on_note(f"{model}not all is in MLflow ({outcome.unsent}); to send the rest: tuner sync {name}")
        if not outcome.finished:
            self.on_note(_stopped(name, outcome.stopped_by), warning=False)

    def on_sweep_error(self, text: str) -> None:
        """Why the process ends at once."""
        self._err.show_cursor()
        self._err.print(f"error: {text}", markup=False, soft_wrap=True)


def _stopped(name: str, number: int) -> str:
    return f"stopped ({signal.Signals(number or signal.SIGINT).name}); to continue: tuner resume {name}"
