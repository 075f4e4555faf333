"""Who may use a server: whoever has its token, and pages that the server itself has sent.

A browser adds to a request where it comes from. So a page of another site cannot use a server of this machine in its
user's name (`Origin`), and a name that points to this machine since a moment ago is not taken for it (`Host`).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
import socket
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from tuner.serving.refusal import RefusedError

SAFE = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def new_token(variable: str) -> str:
    """The token in this variable of the environment, or a new one."""
    return os.environ.get(variable, "").strip() or secrets.token_urlsafe(24)


def reading_key(token: str) -> str:
    """What a cookie has in place of the token: a browser sends a cookie to every port of a machine."""
    return hmac.new(token.encode(), b"to read", "sha256").hexdigest()


def digest_of(token: str) -> str:
    """What a server must know of a token to check it; the token cannot be read from it. Empty for none."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that is bound to this address."""
    return host in LOOPBACK or (host.startswith("127.") and _is_address(host))


class Access:
    """The rules of one server."""

    def __init__(
        self,
        *,
        host: str,
        token_digest: str,
        needs_token: Callable[[str, str], bool],
        cookie: str = "",
        reading: str = "",
        names: tuple[str, ...] = (),
        any_name: bool = False,
        foreign_reads: bool = False,
    ) -> None:
        """Sets them.

        Args:
            host: the address that the server is bound to.
            token_digest: the `digest_of` what a request that needs a token must have, as `Authorization: Bearer TOKEN`.
            needs_token: whether a request needs the token, by its method and path.
            cookie: the name of a cookie for requests that change nothing; empty for none.
            reading: what that cookie must have, see `reading_key`.
            names: further names that the machine is reached by.
            any_name: whether a server that other machines reach answers to any name. A proxy or a cluster gives it
                names that it cannot know.
            foreign_reads: whether pages of other sites may send requests that change nothing; they cannot read the
                answers.
        """
        self._digest, self._needs_token, self._cookie, self._reading = token_digest, needs_token, cookie, reading
        self._private, self._foreign_reads = is_loopback(host), foreign_reads
        self._any_name = any_name and not self._private
        self._names = {*LOOPBACK, *names, host}
        if not self._private and not any_name:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def check(self, scope: Scope) -> None:
        """Checks one request.

        Raises:
            RefusedError: 400 or 403 for a wrong Host, 403 for a wrong Origin, 401 without the token.
        """
        method, headers = scope["method"], Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            raise RefusedError(400, f"{len(hosts)} Host headers: send one")
        host = hosts[0]
        if not self._any_name and not self._known(host):
            raise RefusedError(403, f"Host '{host}': this server does not answer to that name")
        origin = headers.get("origin")
        unasked = self._foreign_reads and method in SAFE
        if origin is not None and not unasked and _place(origin) != host.lower():
            raise RefusedError(403, f"Origin '{origin}': requests of other sites' pages are not answered")
        if self._needs_token(method, scope["path"]) and not self._has_token(method, headers):
            raise RefusedError(
                401,
                "the token is missing or wrong: open the address that the command has printed, or send "
                "Authorization: Bearer TOKEN",
            )

    def _known(self, host: str) -> bool:
        """Whether the name in `Host` is one of this machine. An address is no name that could point elsewhere."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or (not self._private and _is_address(name))

    def _has_token(self, method: str, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _is_token(given.strip(), self._digest):
            return True
        if method not in SAFE or not (self._cookie and self._reading):
            return False
        return _same(_cookie(headers, self._cookie), self._reading)


def _same(text: str, secret: str) -> bool:
    """Takes the same time for every text. It is of a header, whose bytes Starlette reads as Latin-1."""
    return hmac.compare_digest(text.encode("latin-1", "replace"), secret.encode())


def _is_token(text: str, digest: str) -> bool:
    return hmac.compare_digest(hashlib.sha256(text.encode("latin-1", "replace")).hexdigest(), digest)


def _place(origin: str) -> str:
    """The host and port of an origin; empty where it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
