"""What stands before every request to a model: who may ask, how much, and the measurement of each answer."""

from __future__ import annotations

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tuner.serving.access import Access
from tuner.serving.guard import Guard, drained
from tuner.serving.model.metrics import Metrics
from tuner.serving.model.refusal import refuse
from tuner.serving.model.settings import MB, Settings
from tuner.serving.refusal import RefusedError

OPEN = ("/", "/docs", "/ping", "/health")
"""Routes that need no token, beside the files of the pages: they say nothing about the model."""
PAGES = "/pages/"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def guarded(app: ASGIApp, settings: Settings, metrics: Metrics, routes: frozenset[str]) -> ASGIApp:
    """The application behind its guard. `routes` are those that are measured by name."""
    limited = Limited(app, settings.most_bytes)
    guard = Guard(limited, access_of(settings), refuse, {"content-security-policy": _POLICY})
    return Measured(guard, metrics, routes)


def access_of(settings: Settings) -> Access:
    """Who may ask a model."""

    def needs_token(_: str, path: str) -> bool:
        return bool(settings.token_digest) and path not in OPEN and not path.startswith(PAGES)

    return Access(
        host=settings.host,
        token_digest=settings.token_digest,
        needs_token=needs_token,
        any_name=True,
        foreign_reads=True,
    )


class Limited:
    """Middleware that takes no body of more than so many bytes."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 413 to what says that it is too large; what turns out to be is a RefusedError of `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = 0

        async def receiving() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most_bytes:
                raise self._too_large()
            return message

        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and len(length) < 20 and int(length) > self._most_bytes:
            error = self._too_large()
            await drained(refuse(error.status, str(error)), scope, receive, send)
        else:
            await self._app(scope, receiving, send)

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the limit of a request is {self._most_bytes / MB:g} MB: send it in parts")


class Measured:
    """Middleware that tells the metrics of every answer, refusals too."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app, self._metrics, self._routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the beginning and end of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            path = scope["path"]
            self._metrics.answered(path if path in self._routes else "other", status, time.perf_counter() - began)
