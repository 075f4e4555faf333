"""The sweeps of a Ray cluster: a job on its head tells how they stand, through the port of the Ray dashboard.

What it tells goes into a folder of this process, which the page reads as it would read the head's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Protocol

from tuner.core.errors import TunerError, one_line
from tuner.sweeps.mirror import Mirror

COMMAND = "tell-sweeps"
LEASE_S = 1800  # after which the job on the head ends by itself: this process may have been killed
SILENCE_S = 120.0  # without a line: the connection is lost. A job says something every ten seconds
AGAIN_S = 5.0  # between two attempts
POLL_S = 1.0
END_S = 10.0


class HeadOf(Protocol):
    """What is asked of the head of a cluster; see `HeadJobs`."""

    address: str

    def start(self, words: Sequence[str]) -> str:
        """Starts a command of tuner there. Returns its job's id."""

    def follow(self, job: str, line: Callable[[str], None]) -> str:
        """Calls `line` with each line that it prints, until it has ended. Returns what is wrong, or an empty text."""

    def stop(self, job: str) -> None:
        """Ends it."""

    def job_of(self, sweep: str) -> str:
        """The id of the last job of a sweep; empty if there is none."""


class Cluster:
    """Listens to the head, in a thread, as long as somebody looks at the page."""

    def __init__(self, head: HeadOf, mirror: Mirror, *, lease_s: int = LEASE_S) -> None:
        self.head, self.mirror = head, mirror
        self.trouble = ""
        """Why nothing is heard from the head; empty while all is well."""
        self.wanted: Callable[[], bool] = lambda: True
        """Whether somebody looks; else no new job is begun."""
        self._lease_s, self._job, self._heard = lease_s, "", 0.0
        self._closed, self._hearing = Event(), Lock()
        self._thread = Thread(target=self._work, daemon=True)

    @property
    def complete(self) -> bool:
        """Whether everything has been heard once."""
        return self.mirror.now > 0

    def begin(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def close(self) -> None:
        """Ends the job on the head, and gives the folder up."""
        self._closed.set()
        self._stop()
        self._thread.join(END_S)
        with self._hearing:
            self.mirror.close()

    def fetch_report(self, name: str) -> None:
        """Brings the files of a sweep's report. Raises TunerError when that is not possible."""
        told: list[str] = []
        wrong = self.head.follow(self.head.start([COMMAND, "--report", name]), told.append)
        self._take(told)
        if wrong:
            raise TunerError(wrong)

    def ray_page(self, name: str) -> str:
        """The page of a sweep's job on the Ray dashboard, or of all jobs."""
        job = self.head.job_of(name)
        return f"{self.head.address}/#/jobs{f'/{job}' if job else ''}"

    def _work(self) -> None:
        first = True
        while not self._closed.is_set():
            if first or self.wanted():
                first = False
                try:
                    self.trouble = self._listen()
                except TunerError as error:
                    self.trouble = one_line(error)
                self._stop()
            self._closed.wait(AGAIN_S if self.trouble else POLL_S)

    def _listen(self) -> str:
        """Runs a job and hears it to its end. Returns what is wrong; empty if nothing is."""
        self._job = job = self.head.start([COMMAND, "--seconds", str(self._lease_s)])
        self._heard = time.monotonic()
        wrong, ended = [""], Event()

        def follow() -> None:
            try:
                wrong[0] = self.head.follow(job, lambda line: self._hear(job, line))
            except TunerError as error:
                wrong[0] = str(error)
            finally:
                ended.set()

        Thread(target=follow, daemon=True).start()  # a connection that is lost without a word ends never
        while not ended.wait(POLL_S) and not self._closed.is_set():
            if time.monotonic() > self._heard + SILENCE_S:
                return f"nothing has come from {self.head.address} for {SILENCE_S:.0f} s"
        return wrong[0]

    def _hear(self, job: str, line: str) -> None:
        """Takes a line of the job that runs now; one of an earlier job is too late."""
        if line.startswith("{") and job == self._job:
            self._heard = time.monotonic()
            self._take([line])
            self.trouble = ""

    def _take(self, lines: Sequence[str]) -> None:
        try:
            with self._hearing:
                for line in lines:
                    if line.startswith("{"):
                        self.mirror.hear(line)
        except OSError as error:
            raise TunerError(f"{self.mirror.home}: {error.strerror or error}") from None

    def _stop(self) -> None:
        job, self._job = self._job, ""
        with suppress(TunerError):
            if job:
                self.head.stop(job)
