"""The signals that stop a sweep early: Ctrl-C, `kill`, `timeout`, a cluster's scheduler, a closed terminal."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TUNES = signal.SIGUSR1  # makes Ray Tune stop a run gracefully; its handler of SIGINT is off, see environment.py


class Stop:
    """Turns the first signal into a KeyboardInterrupt in the main thread, and remembers which one it was.

    While Ray Tune runs trials, the signal is passed on to it, so that it lets the trials save themselves. `timeout`
    sends SIGTERM twice and a shell may add SIGHUP, so only a second Ctrl-C counts: it stops at once.
    """

    def __init__(self) -> None:
        self._first: signal.Signals | None = None
        self._deferred = False

    @property
    def asked(self) -> bool:
        """Whether a signal has come."""
        return self._first is not None

    @property
    def urgent(self) -> bool:
        """Whether SIGKILL is likely to follow soon: by a scheduler, not by a person."""
        return self._first not in (None, signal.SIGINT)

    @property
    def name(self) -> str:
        """The signal's name, such as SIGTERM; Ctrl-C and `tuner pause` are SIGINT."""
        return (self._first or signal.SIGINT).name

    @property
    def number(self) -> int:
        """The signal's number; 0 when none has come."""
        return int(self._first or 0)

    @property
    def status(self) -> int:
        """The exit status of a program that the signal has stopped: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + (self._first or signal.SIGINT)

    def check(self) -> None:
        """Raises a KeyboardInterrupt that was lost: Python swallows one that is raised in a destructor."""
        if self.asked:
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handles the signals. Ignored ones stay ignored: SIGHUP by `nohup`, SIGINT in a script's background."""
        before = {each: signal.getsignal(each) for each in (*ENDING, TUNES)}
        for each in ENDING:
            if each is signal.SIGTERM or before[each] != signal.SIG_IGN:
                signal.signal(each, self.ask)
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    @contextmanager
    def ray_starting(self) -> Iterator[None]:
        """Handles SIGTERM while Ray starts: then Ray's own handler raises SystemExit."""
        try:
            yield
        except SystemExit:
            self.ask(signal.SIGTERM)
        finally:
            self.hear_sigterm()

    def hear_sigterm(self) -> None:
        """Handles SIGTERM again: Ray replaces the handler when it starts, and again when it stops."""
        signal.signal(signal.SIGTERM, self.ask)

    @contextmanager
    def tune_running(self) -> Iterator[None]:
        """Restores the handler afterwards: Ray Tune leaves one behind that signals a run which is over."""
        before = signal.getsignal(TUNES)
        try:
            yield
        finally:
            signal.signal(TUNES, before)

    def end_tune(self) -> None:
        """Makes Ray Tune end its run, as a signal does, for a reason of our own. To be called in the main thread."""
        tunes = signal.getsignal(TUNES)
        if callable(tunes):
            tunes(TUNES, None)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """For work that must not be interrupted: the interrupt comes afterwards."""
        asked, self._deferred = self.asked, True
        try:
            yield
        finally:
            self._deferred = False
        if self.asked and not asked:
            raise KeyboardInterrupt

    def ask(self, number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
        """Handles a signal. To be called in the main thread."""
        again = self.asked
        self._first = self._first or signal.Signals(number)
        if number == signal.SIGHUP:
            _leave_terminal()
        if self._deferred or (again and number != signal.SIGINT):
            return
        tunes = signal.getsignal(TUNES)
        if callable(tunes) and not again:
            tunes(TUNES, frame)
        else:
            raise KeyboardInterrupt


def _leave_terminal() -> None:
    """Redirects a terminal that is gone to nowhere, since writing to it would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(stream).st_mode):
                os.dup2(nowhere, stream)
    os.close(nowhere)
