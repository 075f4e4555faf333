"""How a command asks for a fork: before it has imported anything that takes long.

`run_warm` returns None where there is no zygote for this command, and the command goes on as it always did: cold, and
in silence. Once a fork runs the command, this process only passes signals on and waits for the exit status.
"""

from __future__ import annotations

import os
import sys

from tuner.warm.place import (
    SUFFIX,
    UnsafeFolderError,
    address,
    folder_path,
    is_safe_socket,
    may_fork,
    open_folder,
)

TYPE_CHECKING = False  # that of typing takes longer
if TYPE_CHECKING:
    import socket
    from typing import Any

LEFT_S = 5.0  # how long a fork that has said its exit status may take to be gone
COLD = ("up", "down")  # commands that are about zygotes
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")


def run_warm() -> int | None:
    """Runs the command in a fork of a zygote, if there is one for it. Returns its exit status."""
    if not _may_be_warm():
        return None
    try:
        with open_folder(folder_path()) as folder:
            if not any(name.endswith(SUFFIX) for name in os.listdir(folder)):
                return None
            from tuner.warm.fingerprint import fingerprint  # noqa: PLC0415

            mark = fingerprint()
            name = mark + SUFFIX
            return _run(address(folder, name), mark) if is_safe_socket(folder, name) else None
    except (OSError, UnsafeFolderError):
        return None


def _may_be_warm() -> bool:
    """Whether a warm start is possible and wanted. Commands for clusters stay as they are.

    A container ends with its first process, which a fork does not see: there, commands start as usual.
    """
    words = sys.argv[1:]
    if None in (sys.stdin, sys.stdout, sys.stderr):  # it was closed
        return False
    if not may_fork() or min(os.getpid(), os.getppid()) <= 1:
        return False
    return not (words and words[0] in COLD) and not any(word.startswith("--address") for word in words)


def _run(address: str, mark: str) -> int | None:
    import socket  # noqa: PLC0415 - only where there is somebody to talk to

    from tuner.warm import caller, wire  # noqa: PLC0415
    from tuner.warm.hand_over import LOST, ask  # noqa: PLC0415

    with socket.socket(socket.AF_UNIX) as connection, caller.files() as files:
        described = caller.describe()  # before this process handles signals
        passing = _Passing()
        try:
            fork = ask(connection, address, "command", mark, described, files)
            if fork is None:
                passing.give_back()
                return None
            passing.begin(fork)
            wire.send(connection, {"go": os.getpid()})
        except LOST:
            passing.give_back()
            return None
        return _end(connection)


def _end(connection: socket.socket) -> int:
    """Waits for the end of the fork. Ends this process by the same signal, or returns the exit status."""
    from tuner.warm import wire  # noqa: PLC0415

    connection.settimeout(None)
    left: int | None = None
    while True:
        try:
            message, _ = wire.receive(connection)
        except TimeoutError:  # the zygote is suspended
            return left or 0
        except (OSError, EOFError, ValueError):
            break
        if "ended" in message:
            return _as_ended(message)
        left = message.get("left", left)
        connection.settimeout(LEFT_S)
    if left is None:
        print("error: the process of this command was ended", file=sys.stderr)  # noqa: T201
    return 1 if left is None else left


def _as_ended(message: dict[str, Any]) -> int:
    status = int(message["ended"])
    if not os.WIFSIGNALED(status):
        return os.waitstatus_to_exitcode(status)
    import resource  # noqa: PLC0415
    import signal  # noqa: PLC0415

    number = os.WTERMSIG(status)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # the fork wrote one
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


class _Passing:
    """Passes signals on to the fork. Those that this process ignores stay ignored, in the fork too."""

    def __init__(self) -> None:
        import signal  # noqa: PLC0415

        self._fork: int | None = None
        """A file descriptor of the process: its number could be given to another one."""
        self._waiting: list[int] = []
        self._before: dict[int, Any] = {}
        for name in (*_PASSED_ON, "SIGTSTP", "SIGCONT"):
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._stop if name == "SIGTSTP" else self._pass)

    def begin(self, pid: int) -> None:
        """Passes on what has come up to now, and from now on what comes."""
        self._fork = os.pidfd_open(pid)
        while self._waiting:
            self._send(self._waiting.pop(0))

    def give_back(self) -> None:
        """Lets signals do what they did before, those too that have come meanwhile."""
        import signal  # noqa: PLC0415

        for number, handler in self._before.items():
            signal.signal(number, handler)
        for number in self._waiting:
            os.kill(os.getpid(), number)

    def _pass(self, number: int, _: object) -> None:
        if self._fork is None:
            self._waiting.append(number)
        else:
            self._send(number)

    def _send(self, number: int) -> None:
        import signal  # noqa: PLC0415

        assert self._fork is not None
        try:
            signal.pidfd_send_signal(self._fork, number)
        except ProcessLookupError:  # it has just ended
            return

    def _stop(self, _: int, __: object) -> None:
        """Ctrl-Z: the fork stops too, and goes on when this process does."""
        import signal  # noqa: PLC0415

        if self._fork is not None:
            self._send(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
