"""Asking a zygote for a fork."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tuner.warm import caller, place, wire

HELLO_S = 10.0  # a zygote that is suspended does not keep anybody waiting for longer
READY_S = 60.0  # for the fork, once the zygote has answered: a machine may be very busy
LOST = (OSError, EOFError, ValueError, place.UnsafeFolderError)
"""What is raised where nobody answers, or in another way than a zygote does."""


def ask(
    connection: socket.socket, address: str, kind: str, mark: str, described: dict[str, Any], files: list[int]
) -> int | None:
    """Asks for a fork. Returns its process id, while it waits for one more message; None where it is refused.

    Raises LOST where nobody answers. A connection that is closed makes the fork end.

    Args:
        connection: a new socket.
        address: of the zygote.
        kind: a key of `fork.ENTRIES`.
        mark: the zygote's.
        described: what `caller.describe` gives.
        files: and what `caller.files` does.
    """
    connection.settimeout(HELLO_S)
    connection.connect(address)
    if not wire.is_ours(connection):
        return None
    wire.send(connection, {"kind": kind, "mark": mark})
    wire.receive(connection)
    connection.settimeout(READY_S)
    wire.send(connection, described, files)
    message, _ = wire.receive(connection)
    return message.get("ready")


def hand_over(
    kind: str,
    mark: str,
    words: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    streams: Sequence[int] = (0, 1, 2),
    more: Sequence[int] = (),
) -> int | None:
    """Lets a fork of the zygote with this mark do something, without waiting for its end.

    Args:
        kind: a key of `fork.ENTRIES`.
        mark: the zygote's.
        words: what the fork has as its `sys.argv`.
        environment: its environment; by default that of this process.
        streams: its files 0 to 2.
        more: further files, whose numbers there become its last words.

    Returns:
        Its process id; None where no zygote answers. Then nothing has been done.
    """
    described = {**caller.describe(), "words": list(words)}
    if environment is not None:
        described["environment"] = dict(environment)
    try:
        with _address(mark) as address, socket.socket(socket.AF_UNIX) as connection:
            with caller.files(streams, more) as files:
                pid = ask(connection, address, kind, mark, described, files)
            if pid is not None:
                wire.send(connection, {"go": os.getpid()})
            return pid
    except LOST:
        return None


@contextmanager
def _address(mark: str) -> Iterator[str]:
    """That of the zygote with this mark. Raises LOST where it has none, or an unsafe one."""
    if mark.startswith(place.OWN):
        yield place.own_address(mark)
        return
    name = mark + place.SUFFIX
    with place.open_folder(place.folder_path()) as folder:
        if not place.is_safe_socket(folder, name):
            raise place.UnsafeFolderError(f"{name} is another user's, or missing")
        yield place.address(folder, name)
