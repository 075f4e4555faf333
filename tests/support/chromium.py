"""A headless chromium that tests drive over its debugging pipe: no driver, no port and no library is needed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Chromium:
    """A process, and our ends of its pipes: commands go out, answers come in."""

    process: subprocess.Popen[bytes]
    incoming: BufferedReader
    outgoing: BufferedWriter

    def end(self) -> None:
        """Ends it, if it has not ended."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found and os.environ.get("CI"):
        pytest.fail("chromium is missing, and CI must not skip this")
    if not found:
        pytest.skip("chromium is not installed")
    return found


@contextmanager
def chromium(scratch: Path) -> Iterator[Chromium]:
    """Without a network but for this machine, as long as the block lasts."""
    command = [
        find_chromium(),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
        *("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={scratch / 'profile'}"),
        *("--remote-debugging-pipe", "--window-size=1200,900", "about:blank"),
    ]
    (to_browser, write), (read, from_browser) = _high(os.pipe()), _high(os.pipe())

    def descriptors() -> None:
        os.dup2(to_browser, 3)
        os.dup2(from_browser, 4)

    with os.fdopen(read, "rb") as incoming, os.fdopen(write, "wb") as outgoing:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=descriptors,  # noqa: PLW1509 - the debugging pipe is at 3 and 4, and nothing else will do
            close_fds=False,
        )
        os.close(to_browser)
        os.close(from_browser)
        running = Chromium(process, incoming, outgoing)
        try:
            yield running
        finally:
            running.end()


def _high(pipe: tuple[int, int]) -> tuple[int, int]:
    """The same pipe, by numbers that are not those of the debugging pipe."""
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in pipe]
    for each in pipe:
        os.close(each)
    return moved[0], moved[1]
