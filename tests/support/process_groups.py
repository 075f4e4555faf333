"""Commands as the leaders of process groups and in terminals, and the processes that they leave behind."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from support.common import BIN
from support.processes import Process, start, wait_until

MARK = "TUNER_TEST_FOLDER"  # in the environment of all processes of a sweep, Ray's too
GONE_S = 30.0


def group(environment: dict[str, str], folder: Path, *words: str) -> Process:
    """`tuner WORDS` as the leader of a process group, as shells and schedulers start it."""
    return start([BIN / "tuner", *words], folder=folder, environment={**environment, MARK: str(folder)}, leader=True)


class Terminal:
    """A terminal in which `tuner WORDS` runs, and which somebody closes."""

    def __init__(self, environment: dict[str, str], folder: Path, *words: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", str(BIN / "tuner"), *words],
            cwd=folder,
            env={**environment, MARK: str(folder), "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            text=True,
        )
        os.close(slave)
        self._folder = folder
        self._shown = threading.Thread(target=self._show, daemon=True)
        self._stop, self._closed = os.pipe()
        self._shown.start()

    def _show(self) -> None:
        """Reads what is printed, as a terminal does, or the process would wait."""
        while self._stop not in (ready := select.select([self._master, self._stop], [], [])[0]):
            with suppress(OSError):
                if ready and not os.read(self._master, 65536):
                    return

    def close(self) -> None:
        """The kernel tells the processes of it with SIGHUP."""
        os.close(self._closed)
        self._shown.join()
        os.close(self._master)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_all(self._folder)
        self.process.wait()
        with suppress(OSError):
            self.close()


def processes(folder: Path) -> list[int]:
    """The processes of the sweeps of a folder, Ray's too."""
    return with_variable(MARK, folder)


def working_in(folder: Path) -> list[int]:
    """The other processes whose working folder this is. Forks of a zygote show its environment, and not their own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder and int(process.name) != os.getpid():
                found.append(int(process.name))
    return found


def with_variable(name: str, folder: Path) -> list[int]:
    """The processes in whose environment this variable names the folder."""
    mark, found = f"{name}={folder}\0".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def program(pid: int) -> str:
    """What a process calls itself, without its folder; empty when it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode().rpartition("/")[2]
    return ""


def no_processes(folder: Path) -> bool:
    """Whether all have ended within the time that Ray's may take."""
    return wait_until(lambda: not processes(folder), timeout=GONE_S) is not None


def end_all(folder: Path) -> None:
    """What a test that has failed leaves behind."""
    for pid in processes(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def of_sweep(process: Process, folder: Path) -> Iterator[None]:
    """Ends the processes of the folder."""
    try:
        yield
    finally:
        end_all(folder)
        process.communicate()
