"""The signals that end a sweep early: Ctrl-C, `kill`, `timeout`, a scheduler's, a terminal that is closed."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


TUNES = signal.SIGUSR1  # on which Ray Tune ends a run gracefully; its handler of SIGINT is off, see environment.py


class Stop:
    """Turns the first signal into a KeyboardInterrupt in the main thread, and remembers which one it was.

    While Ray Tune runs trials it is told instead, and lets them save themselves. `timeout` sends SIGTERM twice and a
    shell may send SIGHUP with it, so only Ctrl-C counts again: a second one waits for nothing.
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
        """The signal's, such as SIGTERM; Ctrl-C and `tuner pause` are SIGINT."""
        return (self._first or signal.SIGINT).name

    @property
    def number(self) -> int:
        """The signal's number; 0 when none has come."""
        return int(self._first or 0)

    @property
    def status(self) -> int:
        """The exit status of a program that the signal has ended: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + (self._first or signal.SIGINT)

    def check(self) -> None:
        """Raises the KeyboardInterrupt that has gone nowhere: Python swallows one that comes within a destructor."""
        if self.asked:
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handles the signals. What was ignored stays so: SIGHUP by `nohup`, SIGINT in the background of a script."""
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
        """While Ray starts, SIGTERM has a handler of Ray's, which raises SystemExit."""
        try:
            yield
        except SystemExit:
            self.ask(signal.SIGTERM)
        finally:
            self.hear_sigterm()

    def hear_sigterm(self) -> None:
        """Ray takes the handler of SIGTERM away when it starts, and again when it ends."""
        signal.signal(signal.SIGTERM, self.ask)

    @contextmanager
    def tune_running(self) -> Iterator[None]:
        """Ray Tune leaves a handler behind that tells a run of it that is over."""
        before = signal.getsignal(TUNES)
        try:
            yield
        finally:
            signal.signal(TUNES, before)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """For what must not be broken off: the interrupt comes afterwards."""
        asked, self._deferred = self.asked, True
        try:
            yield
        finally:
            self._deferred = False
        if self.asked and not asked:
            raise KeyboardInterrupt

    def ask(self, number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
        """What a signal does. To be called in the main thread."""
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
    """A terminal that is gone takes no line any more, and whoever writes one would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(stream).st_mode):
                os.dup2(nowhere, stream)
    os.close(nowhere)
