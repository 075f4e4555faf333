"""Where a server listens: an address and a port, or the next port that is free."""

from __future__ import annotations

import errno
import socket

from tuner.core.errors import TunerError

MOST_PORTS = 100  # that are tried
LAST_PORT = 65535
BACKLOG = 2048  # connections that wait to be accepted


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket that listens there; port 0 is any that is free.

    Raises:
        TunerError: the port is taken, or this machine has no such address or port; the message names the option.
    """
    listener = _bound(host, port, option)
    if listener is None:
        raise TunerError(f"{option} {port} is taken: choose another, or leave {option} out")
    return listener


def listen_from(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket that listens on the first free port from this one on.

    Raises:
        TunerError: there is none nearby, or this machine has no such address or port.
    """
    last = min(port + MOST_PORTS - 1, LAST_PORT)
    for each in range(port, max(port, last) + 1):
        listener = _bound(host, each, option)
        if listener is not None:
            return listener
    raise TunerError(f"the ports {port} to {last} are all taken: choose one with {option}")


def listen_where_asked(host: str, port: int | None, usual: int, option: str = "--port") -> socket.socket:
    """The first where a port was typed, else the second from the usual port on. Raises TunerError as they do."""
    return listen_from(host, usual, option) if port is None else listen(host, port, option)


def address_of(host: str, port: int) -> str:
    """What a browser on this machine opens for a server that listens there."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _bound(host: str, port: int, option: str) -> socket.socket | None:
    """None where the port is taken."""
    if not 0 <= port <= LAST_PORT:
        raise TunerError(f"{option} {port}: ports go from 0 to {LAST_PORT}")
    try:
        families = {found[0] for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise TunerError(f"--host {host}: {getattr(error, 'strerror', None) or error}") from None
    listener = socket.socket(socket.AF_INET if socket.AF_INET in families else socket.AF_INET6)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            return None
        where = f"{option} {port}" if error.errno == errno.EACCES else f"--host {host}"
        raise TunerError(f"{where}: {error.strerror or error}") from None
    return listener
