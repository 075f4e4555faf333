"""The page of all sweeps as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from tuner.core.errors import TunerError, printable
from tuner.serving.access import SAFE, Access, digest_of, is_loopback, reading_key
from tuner.serving.board.acting import COOKIE, acting_routes
from tuner.serving.board.board import Board
from tuner.serving.board.cluster import Cluster
from tuner.serving.board.live import Live
from tuner.serving.board.optuna_dashboard import OptunaDashboards
from tuner.serving.board.reading import reading_routes
from tuner.serving.board.settings import Settings
from tuner.serving.guard import Guard


@dataclass(frozen=True)
class BoardApp:
    """The application, and what ends its streams."""

    app: ASGIApp
    close: Callable[[], None]


def make_app(
    settings: Settings, dashboards: OptunaDashboards | None = None, cluster: Cluster | None = None
) -> BoardApp:
    """The application, behind its guard."""
    board = Board(settings.home, cluster)
    live = Live(board)
    if cluster:
        cluster.wanted = lambda: live.watched

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        work = asyncio.create_task(live.work())
        yield
        live.close()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    app = FastAPI(title="tuner ui", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=lifespan)
    app.add_exception_handler(TunerError, _user_error)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.include_router(reading_routes(board, live, settings))
    app.include_router(acting_routes(board, settings, dashboards))
    private = not is_loopback(settings.host)

    def needs_token(method: str, path: str) -> bool:
        """Whoever is on this machine may look; elsewhere the token is needed for all but the empty page."""
        return method not in SAFE or (private and path != "/" and not path.startswith("/pages/"))

    access = Access(
        host=settings.host,
        token_digest=digest_of(settings.token),
        needs_token=needs_token,
        cookie=COOKIE,
        reading=reading_key(settings.token),
    )
    return BoardApp(Guard(app, access), live.close)


def _user_error(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": printable(str(error))}, 400)


def _wrong_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse({"error": printable(f"{where}: {first['msg']}")}, 422)
