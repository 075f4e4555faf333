"""Starting a zygote, and asking those that are there."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

from tuner.core.errors import TunerError, one_line
from tuner.warm import place, preload, wire
from tuner.warm.apart import part_from_caller
from tuner.warm.fingerprint import contents, fingerprint
from tuner.warm.zygote import Zygote

ANSWER_S = 10.0
_CHANGED = "files of tuner, or packages, have changed meanwhile: try again"


@dataclass(frozen=True, kw_only=True)
class Up:
    """A zygote that is up."""

    pid: int
    mark: str
    began: float
    """Seconds since 1970."""
    running: int
    """Commands that it has started and that still run."""
    idle_s: float
    """After how many more seconds without a command it ends by itself."""

    @property
    def memory(self) -> int:
        """Bytes of memory that it takes, where pages that it shares with its forks count in part."""
        with suppress(OSError), open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
        return 0


def all_up() -> list[Up]:
    """The zygotes of this user that answer. None where the folder of the sockets is missing or not safe."""
    return _ask_all("look")


def end_all() -> list[Up]:
    """Ends the zygotes of this user. Commands that they have started are not touched."""
    return _ask_all("end")


def _ask_all(kind: str) -> list[Up]:
    found = []
    with suppress(OSError, place.UnsafeFolderError), place.open_folder(place.folder_path()) as folder:
        for name in place.sockets(folder):
            answer = _ask(folder, name, kind)
            if answer:
                found.append(answer)
    return found


def _ask(folder: int, name: str, kind: str) -> Up | None:
    """What the zygote of a socket answers. Removes a socket on which nobody listens."""
    if not place.is_safe_socket(folder, name):
        return None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_S)
        try:
            connection.connect(place.address(folder, name))
            if not wire.is_ours(connection):
                return None
            wire.send(connection, {"kind": kind})
            answer, _ = wire.receive(connection)
            return Up(**answer)
        except ConnectionRefusedError:
            _remove(folder, name)
        except (OSError, EOFError, ValueError, TypeError):
            pass
    return None


def _remove(folder: int, name: str) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


def start(idle_s: float, beginning: Callable[[], None]) -> Up:
    """The zygote for commands like this one: one that is up, or a new one, once it is up.

    To be called before this process has threads, and has changed its environment.

    Args:
        idle_s: after how many seconds without a command a new one ends by itself.
        beginning: is called when a new one begins, which takes some seconds.

    Raises:
        TunerError: it cannot be.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        raise TunerError("warm starts need Linux 5.3 or newer: without them every command starts as usual")
    if place.has_gpus():
        raise TunerError(
            "this machine has GPUs, on which warm starts have not been tried: every command starts as usual"
        )
    path, mark = place.folder_path(), fingerprint()
    try:
        place.make_folder(path)
        with place.open_folder(path) as folder:
            there = _ask(folder, mark + place.SUFFIX, "look")
    except place.UnsafeFolderError as error:
        raise TunerError(f"{error}: set XDG_RUNTIME_DIR to a folder of your own") from None
    except OSError as error:
        raise TunerError(f"{path}: {error.strerror}: set XDG_RUNTIME_DIR to a folder of your own") from None
    if there:
        return there
    beginning()
    return Up(**_resident(path, mark, idle_s))


def _resident(path: str, mark: str, idle_s: float) -> dict[str, Any]:
    """Forks the process that becomes the zygote. Returns what that says when it is up."""
    sys.stdout.flush()  # or each fork would print again what waits there
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _become_zygote(path, mark, idle_s, writing)
    os.close(writing)
    try:
        with open(reading, encoding="utf-8") as answer:
            text = answer.read()
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    if not text:
        raise TunerError("the resident process was ended while it started")
    told: dict[str, Any] = json.loads(text)
    if "error" in told:
        raise TunerError(str(told["error"]))
    return told


def _become_zygote(path: str, mark: str, idle_s: float, report: int) -> NoReturn:
    try:
        part_from_caller(report)
        os.chdir("/")
        found = contents()
        preload.preload()
        if contents() != found:
            raise TunerError(_CHANGED)
        with socket.socket(socket.AF_UNIX) as listener:
            _bind(listener, path, mark + place.SUFFIX)
            zygote = Zygote(listener, mark, idle_s, gone=partial(_unbind, path, mark + place.SUFFIX))
            zygote.serve(lambda: _tell(report, zygote.state()))
    except BaseException as error:
        ours = type(error).__module__.startswith("tuner.")
        _tell(report, {"error": str(error) if ours else f"{type(error).__name__}: {one_line(error)}"})
    os._exit(0)


def _tell(report: int, message: dict[str, Any]) -> None:
    with suppress(OSError):
        os.write(report, json.dumps(message).encode())
        os.close(report)


def _bind(listener: socket.socket, path: str, name: str) -> None:
    """Takes the socket's name, unless another process that has started at the same time has it."""
    with _alone_in(path) as folder:
        if _ask(folder, name, "look"):
            raise TunerError("another process that was started at the same time is up")
        _remove(folder, name)
        before = os.umask(0o177)  # the mode is 0600 from the first moment on
        try:
            listener.bind(place.address(folder, name))
        finally:
            os.umask(before)
        listener.listen(1)


def _unbind(path: str, name: str) -> None:
    with suppress(OSError, place.UnsafeFolderError), _alone_in(path) as folder:
        _remove(folder, name)


@contextmanager
def _alone_in(path: str) -> Iterator[int]:
    with place.open_folder(path) as folder:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield folder
