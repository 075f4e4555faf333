"""The processes of a command that is measured: its terminal, their CPU seconds, and `tuner up` before it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "TUNER_BENCHMARK"  # in the environment of all processes of a run
POLL_S = 0.1
LOOKS = 5  # at a process that is not ours: one that is being started has no environment yet
TICK = os.sysconf("SC_CLK_TCK")


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        self._shown = bytearray()
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def text(self) -> str:
        """What it has shown."""
        return self._shown.decode(errors="replace")

    def close(self) -> None:
        """Closes the terminal."""
        os.close(self._master)

    def _read(self) -> None:
        with suppress(OSError):
            while text := os.read(self._master, 65536):
                self._shown.extend(text)


class Meter:
    """The CPU seconds of all processes that have a mark in their environment, those that have ended too.

    Forks of a zygote have it too, though /proc shows the zygote's environment as theirs: they are its children.
    """

    def __init__(self, mark: str, zygote: int = 0) -> None:
        self._zygote = zygote
        self._mark = f"{MARK}={mark}".encode()
        self._ours: dict[Path, tuple[bool, int]] = {}
        self._used: dict[Path, float] = {}
        self.alive = 0

    def look(self) -> float:
        """What they have used up to now."""
        self.alive = 0
        for each in Path("/proc").iterdir():
            if each.name.isdigit():
                with suppress(OSError):
                    self._look_at(each)
        return sum(self._used.values())

    def _look_at(self, process: Path) -> None:
        ours, looks = self._ours.get(process, (False, 0))
        if not ours and looks < LOOKS:
            ours = self._mark in (process / "environ").read_bytes() or 0 < self._zygote == _parent(process)
            self._ours[process] = ours, looks + 1
        if ours:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            self.alive += fields[0] != "Z"
            self._used[process] = max(self._used.get(process, 0.0), (int(fields[11]) + int(fields[12])) / TICK)


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


def apart_from_others(folder: Path) -> dict[str, str]:
    """Lets commands start warm only where `zygote_of` has been before: not from what somebody else has left."""
    return {"XDG_RUNTIME_DIR": str(folder)}


@contextmanager
def zygote_of(command: str, environment: dict[str, str]) -> Iterator[int]:
    """Types `tuner up`, and `tuner down` at the end. Yields the process id."""
    began = time.monotonic()
    done = subprocess.run([command, "up"], env=environment, capture_output=True, text=True, check=True)
    print(f"{done.stdout.strip()}; it took {time.monotonic() - began:.1f} s", flush=True)
    try:
        yield int(re.findall(r"process (\d+)", done.stdout)[0])
    finally:
        subprocess.run([command, "down"], env=environment, capture_output=True, check=True)
