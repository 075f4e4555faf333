"""Who may use a server: whoever has its token, and pages that the server itself has sent.

A browser adds to a request where it comes from. So a page of another site cannot use a server of this machine in its
user's name (`Origin`), and a name that points to this machine since a moment ago is not taken for it (`Host`).
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import os
import secrets
import socket
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
"""Of every answer."""


def new_token(variable: str) -> str:
    """The token in this variable of the environment, or a new one."""
    return os.environ.get(variable, "").strip() or secrets.token_urlsafe(24)


def reading_key(token: str) -> str:
    """What a cookie has in place of the token: a browser sends a cookie to every port of a machine."""
    return hmac.new(token.encode(), b"to read", "sha256").hexdigest()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that is bound to this address."""
    return host in LOOPBACK or host.startswith("127.")


class Guard:
    """An ASGI application in front of another one: what is not allowed does not reach that."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        token: str,
        needs_token: Callable[[str, str], bool],
        cookie: str = "",
        names: tuple[str, ...] = (),
    ) -> None:
        """Guards an application.

        Args:
            app: the application.
            host: the address that the server is bound to.
            token: what a request that needs one must have, as `Authorization: Bearer TOKEN`.
            needs_token: whether a request needs the token, by its method and path.
            cookie: the name of a cookie with the `reading_key`, for requests that change nothing; empty for none.
            names: further names that the machine is reached by.
        """
        self._app, self._host, self._token = app, host, token
        self._needs_token, self._cookie = needs_token, cookie
        self._names = {*LOOPBACK, *names} | (set() if is_loopback(host) else {socket.gethostname(), socket.getfqdn()})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 401 without the token and 403 to a wrong Host or Origin."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # there are no websockets
        refused = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        if refused:
            await _answer(send, *refused)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)

    def _refusal(self, method: str, path: str, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._known(host):
            return 403, "this name of the machine is not known here"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "a page of another site may not ask this server"
        if self._needs_token(method, path) and not self._has_token(method, headers):
            return 401, "the token is missing or wrong: open the address that the command has printed"
        return None

    def _known(self, host: str) -> bool:
        """Whether the name in `Host` is one of this machine. An address is no name that could point elsewhere."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or (not is_loopback(self._host) and _is_address(name))

    def _has_token(self, method: str, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(given.strip(), self._token):
            return True
        if method not in SAFE or not self._cookie:
            return False
        return _same(_cookie(headers, self._cookie), reading_key(self._token))


def _same(text: str, secret: str) -> bool:
    """Takes the same time for every text."""
    return secrets.compare_digest(text.encode(errors="replace"), secret.encode())


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


async def _answer(send: Send, status: int, error: str) -> None:
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"www-authenticate", b"Bearer")] if status == 401 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
