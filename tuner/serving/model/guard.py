"""What stands before every request: who may ask, from where, and how much; and the measurement of each answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from hmac import compare_digest
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tuner.serving.model.metrics import Metrics
from tuner.serving.model.refusal import RefusedError, refuse
from tuner.serving.model.settings import LOCAL, MB, Settings

OPEN = ("/", "/docs", "/ping", "/health")
"""Routes that need no token, beside the files of the pages: they say nothing about the model."""
PAGES = "/pages/"
SAFE = ("GET", "HEAD", "OPTIONS")
_DRAINED = 1 << 20  # bytes of a refused request that are read, so that its client comes to read the answer
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", _POLICY.encode()),
]


class Guard:
    """Middleware round the application."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app, self._settings, self._metrics, self._routes = app, settings, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the beginning and end of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            try:
                self._check(scope)
            except RefusedError as error:
                await _drain(receive)
                await refuse(error.status, str(error))(scope, receive, sending)
            else:
                await self._app(scope, self._limited(receive), sending)
        finally:
            path = scope["path"]
            self._metrics.answered(path if path in self._routes else "other", status, time.perf_counter() - began)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        settings = self._settings
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            raise RefusedError(400, f"{len(hosts)} Host headers: send one")
        host = hosts[0]
        if settings.local and _name(host) not in LOCAL:  # a page elsewhere whose name leads to this machine
            raise RefusedError(403, f"Host '{host}': this server answers to {' and '.join(LOCAL)} alone")
        origin = headers.get("origin")
        if origin is not None and scope["method"] not in SAFE and _place(origin) != host.lower():
            raise RefusedError(403, f"Origin '{origin}': requests of other sites' pages are not answered")
        if settings.token and not _is_open(scope["path"]) and not _has_token(headers, settings.token):
            raise RefusedError(401, "send the token that the server has printed: Authorization: Bearer TOKEN")
        length = headers.get("content-length", "0")
        if length.isdecimal() and len(length) < 20 and int(length) > settings.most_bytes:
            raise self._too_large()

    def _limited(self, receive: Receive) -> Receive:
        taken = 0

        async def receiving() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._settings.most_bytes:
                raise self._too_large()
            return message

        return receiving

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the limit of a request is {self._settings.most_bytes / MB:g} MB: send it in parts")


async def _drain(receive: Receive) -> None:
    taken = 0
    more = True
    while more and taken <= _DRAINED:
        message = await receive()
        taken += len(message.get("body", b""))
        more = message.get("more_body", False)


def _name(host: str) -> str:
    """The name or address of a Host header, without the port."""
    if host.startswith("["):
        address, closed, _ = host[1:].partition("]")
        return address.lower() if closed else ""
    return host.partition(":")[0].lower()


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(PAGES)


def _has_token(headers: Mapping[str, str], token: str) -> bool:
    scheme, _, said = headers.get("authorization", "").partition(" ")
    sent = said.strip().encode("latin-1", "replace")  # the bytes that came: Starlette reads headers as Latin-1
    return scheme.lower() == "bearer" and compare_digest(sent, token.encode())
