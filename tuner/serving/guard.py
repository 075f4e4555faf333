"""What stands before an application: it refuses what its rules of access do not allow, and protects every answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tuner.core.errors import printable
from tuner.serving.access import Access
from tuner.serving.refusal import RefusedError

Refuse = Callable[[int, str], Response]
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
"""Of every answer."""
_DRAINED = 1 << 20  # bytes of a refused request that are read, so that its client comes to read the answer


def as_error(status: int, reason: str) -> Response:
    """A refusal as `{"error": reason}`."""
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": printable(reason)}, status, headers)


async def drained(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request whose body nobody wants."""
    taken, more = 0, True
    while more and taken <= _DRAINED:
        message = await receive()
        taken += len(message.get("body", b""))
        more = message.get("more_body", False)
    await response(scope, receive, send)


class Guard:
    """An ASGI application in front of another one: what is not allowed does not reach that."""

    def __init__(
        self, app: ASGIApp, access: Access, refuse: Refuse = as_error, headers: Mapping[str, str] | None = None
    ) -> None:
        """Guards an application.

        Args:
            app: the application.
            access: who may use it.
            refuse: makes the answer to a request that is not allowed, of its status and the reason.
            headers: further headers of every answer that does not set them itself.
        """
        self._app, self._access, self._refuse = app, access, refuse
        self._headers = {**HEADERS, **(headers or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers as `Access.check` wants it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # there are no websockets

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._access.check(scope)
        except RefusedError as error:
            await drained(self._refuse(error.status, str(error)), scope, receive, protected)
        else:
            await self._app(scope, receive, protected)
