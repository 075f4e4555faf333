"""Messages between a command and a zygote: JSON behind its length, and open files."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("I")
_CREDENTIALS = struct.Struct("3i")
FIRST_BYTES = 60_000  # go along with the files; the rest follows
MOST_BYTES = 64 << 20  # of a message: an environment and a command line are far smaller


def send(to: socket.socket, message: dict[str, Any], files: list[int] | None = None) -> None:
    """Sends a message, with file descriptors. Raises OSError when nobody is there any more."""
    text = json.dumps(message).encode()  # what is no Unicode in file names and variables is escaped
    data = _LENGTH.pack(len(text)) + text
    first = data[:FIRST_BYTES]
    sent = socket.send_fds(to, [first], files or [])
    if sent < len(data):  # or whoever has all of it may have gone by now
        to.sendall(data[sent:])


def receive(source: socket.socket, files: int = 0) -> tuple[dict[str, Any], list[int]]:
    """The next message, and up to so many file descriptors.

    Raises:
        EOFError: the other side has ended.
        OSError: it has not answered in time, or was cut off.
        ValueError: what came is no message.
    """
    data, found, _, _ = socket.recv_fds(source, _LENGTH.size, files)
    try:
        data += _exactly(source, _LENGTH.size - len(data)) if data else b""
        if not data:
            raise EOFError
        [length] = _LENGTH.unpack(data)
        if length > MOST_BYTES:
            raise ValueError(f"a message of {length} bytes")
        message = json.loads(_exactly(source, length))
        if not isinstance(message, dict):
            raise ValueError("a message that is no object")
    except BaseException:
        for each in found:
            os.close(each)
        raise
    return message, list(found)


def _exactly(source: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = source.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def is_ours(other: socket.socket) -> bool:
    """Whether the other side is a process of this user, as the kernel says."""
    found = other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(found)
    return bool(uid == os.geteuid())
