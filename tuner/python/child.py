"""The process that runs a sweep for a user's Python process: `python -m tuner.python.child CHANNEL`.

It reads an Order from its standard input, and writes what happens as JSON, a line each, to the file descriptor CHANNEL.
When the user's process is gone, its standard input ends: then it saves all trials and stops, as after SIGTERM.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.environment import prepare_environment
from tuner.core.errors import SweepError, SweepStopped, TunerError, disk_error_text, one_line
from tuner.core.outcome import Outcome
from tuner.core.progress_text import ProgressLines, best_text, budgets_left, share_done, time_left
from tuner.core.summary import Summary
from tuner.python.order import Order, ResumeOrder, SweepOrder, TrainOrder

FRAME_S = 0.5  # between two reports of progress


class Channel:
    """Sends messages to the user's process. Once that is gone, they are lost."""

    def __init__(self, number: int) -> None:
        """`number` is of the file descriptor."""
        self._number = number
        self._turn = threading.Lock()

    def send(self, **message: Any) -> None:
        """One message: a dictionary of plain values. May be called from any thread."""
        line = (json.dumps(message) + "\n").encode()
        with self._turn, suppress(OSError):
            while line:
                line = line[os.write(self._number, line) :]


class Messages(Callback):
    """Tells the user's process what happens in the sweep."""

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send
        self._lines = ProgressLines()
        self._next = 0.0

    def on_sweep_begin(self, config: SweepConfig, *, confirms: bool = False) -> None:
        from tuner.sweeps.announcement import announcement, start_lines  # noqa: PLC0415 - imports Optuna

        first = [] if confirms else start_lines(config)
        self._send(begun=config.name, lines=[announcement(config, confirms=confirms), *first])

    def on_phase(self, text: str) -> None:
        self._send(phase=text)

    def on_note(self, text: str, *, warning: bool = True) -> None:
        self._send(note=text, warning=warning)

    def on_tick(self, summary: Callable[[], Summary]) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + FRAME_S
            found = summary()
            self._send(progress=_shown(found), line=self._lines.line(found, now))

    def on_search_end(self) -> None:
        self._send(progress=None)

    def on_sweep_end(self, outcome: Outcome) -> None:
        name = outcome.config.name
        if outcome.unsent:
            rest = f"to send the rest: tuner sync {name}"
            self._send(note=f"not all is in MLflow ({outcome.unsent}); {rest}", warning=True)
        if not outcome.finished:
            stopped = signal.Signals(outcome.stopped_by or signal.SIGINT).name
            self._send(note=f"stopped ({stopped}); to continue: Sweep.open({name!r}).resume()", warning=False)

    def on_sweep_error(self, text: str) -> None:
        self._send(error=text, kind="SweepError")


def _shown(summary: Summary) -> dict[str, Any]:
    return {
        "share": share_done(summary),
        "states": summary.states(),
        "epochs": summary.epochs,
        "left": time_left(summary),
        "budgets": budgets_left(summary),
        "best": best_text(summary.best) if summary.best else "",
    }


def main() -> None:
    """Runs the order, and tells how it ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what begins in a script's background ignores it
    channel = Channel(int(sys.argv[1]))
    order: Order = pickle.load(sys.stdin.buffer)  # from the user's process
    threading.Thread(target=_watch_user, args=(order.detach,), daemon=True).start()
    try:
        prepare_environment()
        channel.send(end=_carry_out(order, Messages(channel.send)))
    except SweepStopped as stop:
        channel.send(note=f"stopped; to continue: Sweep.open({stop.name!r}).resume()", warning=False)
        channel.send(end=stop.name)
    except KeyboardInterrupt:
        channel.send(error="interrupted", kind="KeyboardInterrupt")
    except (TunerError, SweepError) as error:
        channel.send(error=str(error), kind="TunerError" if isinstance(error, TunerError) else "SweepError")
    except Exception as error:
        if os.environ.get("TUNER_DEBUG"):
            raise
        blamed = disk_error_text(error) or f"{type(error).__name__}: {one_line(error)}"
        channel.send(error=f"{blamed} (unexpected; TUNER_DEBUG=1 shows where)", kind="SweepError")


def _carry_out(order: Order, messages: Messages) -> str:
    """Returns the sweep's name."""
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.sweeps import api, preparation  # noqa: PLC0415 - imports torch

    each = [messages]
    if isinstance(order, ResumeOrder):
        if not order.detach:
            if order.more.given:
                api.grow(order.name, order.more, callbacks=each, dashboard=order.dashboard)
            else:
                api.resume(order.name, callbacks=each, dashboard=order.dashboard)
            return order.name
        if order.more.given:
            preparation.begin_growing(order.name, order.more, callbacks=each)
        else:
            preparation.check_resumable(order.name, tuner_home())
        return _detached(order.name, dashboard=order.dashboard)
    request = order.request
    if isinstance(order, TrainOrder):
        request = preparation.training_request(
            request, from_best=order.from_best, from_trial=order.from_trial, callbacks=each
        )
    assert isinstance(order, SweepOrder | TrainOrder)
    if order.detach:
        config, _, _ = preparation.begin(request, callbacks=each)
        return _detached(config.name, dashboard=order.dashboard)
    return api.sweep(request, callbacks=each, dashboard=order.dashboard).config.name


def _detached(name: str, *, dashboard: bool) -> str:
    from tuner.sweeps import control  # noqa: PLC0415

    control.detach(name, dashboard=dashboard)
    return name


def _watch_user(detached: bool) -> None:
    """Ends this process when the user's process has ended: that closes the other end of the standard input."""
    while os.read(0, 1024):  # a buffered read in this thread would abort Python at its end
        pass
    if not detached:
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
