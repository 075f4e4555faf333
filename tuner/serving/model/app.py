"""The routes: MLflow's scoring protocol, uploads, the page, and what monitoring asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tuner.core.errors import TunerError, one_line
from tuner.serving.model import openapi, uploads
from tuner.serving.model.answers import as_json, explanations, predictions, scored
from tuner.serving.model.encode import encode
from tuner.serving.model.guard import PAGES, guarded
from tuner.serving.model.refusal import refuse
from tuner.serving.model.served import ServedModel, check_explains
from tuner.serving.model.server import ModelServer
from tuner.serving.page_files import page_files
from tuner.serving.refusal import RefusedError
from tuner.tracking.scoring import Protocol
from tuner.training.sample_batches import Samples

BODY_S = 60.0  # for a client to send its request
_DIRECT = ("/invocations", "/predict")
Endpoint = Callable[[Request], Awaitable[Response]]
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css"}
_QUIET: Any = {"tracing": False, "metrics": False, "logs": False}  # of OpenTelemetry, which MLflow brings
_logger = logging.getLogger(__name__)


def make_app(server: ModelServer) -> ASGIApp:
    """The application, for a server of ASGI."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(server.follow()) if server.follows else None
        yield
        if following is not None:
            following.cancel()
        await server.close()

    app = FastAPI(
        title="tuner serve",
        description=openapi.DESCRIPTION,
        servers=[{"url": "."}],  # beside openapi.json, which may be below a path
        docs_url=None,  # its page loads scripts from the network
        redoc_url=None,
        lifespan=lifespan,
        telemetry=_QUIET,
    )
    app.add_exception_handler(HTTPException, _refused)
    _add_scoring(app, server)
    _add_uploads(app, server)
    _add_pages(app)
    routes = frozenset(str(getattr(route, "path", "")) for route in app.routes)
    direct = {path: endpoint for path, endpoint in _endpoints(app) if path in _DIRECT}
    return guarded(_directly(direct, app), server.settings, server.metrics, routes)


def _endpoints(app: FastAPI) -> Iterator[tuple[str, Endpoint]]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route.path, route.endpoint


def _directly(endpoints: Mapping[str, Endpoint], app: ASGIApp) -> ASGIApp:
    """Calls these endpoints for POST requests without FastAPI's layers: they cost a third of a request's time."""

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = endpoints.get(scope["path"]) if scope.get("method") == "POST" else None
        if endpoint is None:
            await app(scope, receive, send)
        else:
            answer = await endpoint(Request(scope, receive))
            await answer(scope, receive, send)

    return called


def _answered(endpoint: Endpoint) -> Endpoint:
    """Whatever an endpoint raises becomes an answer in one line; what is our own mistake is logged."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RefusedError as error:
            return refuse(error.status, str(error))
        except TunerError as error:
            return refuse(400, str(error))
        except ClientDisconnect:
            return refuse(400, "the request was broken off")
        except TimeoutError:
            return refuse(408, f"the request did not come within {BODY_S:g} seconds")
        except Exception as error:
            _logger.exception("%s failed", request.url.path)
            return refuse(500, f"the model failed: {type(error).__name__}: {one_line(error)}")

    return answered


async def _refused(_: Request, error: Exception) -> Response:
    """Routes and methods that are not there."""
    assert isinstance(error, HTTPException)
    return refuse(error.status_code, str(error.detail))


def _kind(request: Request) -> str:
    """The Content-Type in lower case, without parameters.

    Raises:
        RefusedError: it has another character set than UTF-8.
    """
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    charset = parameters.strip().lower().removeprefix("charset=").strip('"') if "charset=" in parameters.lower() else ""
    if charset and charset != "utf-8" and kind != uploads.FORM:
        raise RefusedError(415, f"charset={charset}: send UTF-8")
    return kind


def _add_scoring(app: FastAPI, server: ModelServer) -> None:
    @app.post("/invocations", openapi_extra=openapi.invocations(server.current.data), tags=["MLflow"])
    @_answered
    async def invocations(request: Request) -> Response:
        """Predict as `mlflow models serve` does: the same requests, the same answers."""
        with server.using() as served:
            kind = _kind(request)
            async with asyncio.timeout(BODY_S):
                body = await request.body()
            encoded = await encode(served, body, kind, server.settings, server.pool)
            outputs = await served.answer(encoded.inputs)
            text = scored(served.data, outputs, only_class=encoded.decide)
        return Response(text, media_type="application/json")

    @app.get("/health", tags=["MLflow"])
    @app.get("/ping", tags=["MLflow"])
    async def ping() -> Response:
        """200 as long as a model answers."""
        return Response("\n", media_type="application/json")

    @app.get("/version", tags=["MLflow"])
    async def version() -> Response:
        """The version of MLflow."""
        return Response(Protocol.version, media_type="application/json")


def _add_uploads(app: FastAPI, server: ModelServer) -> None:
    @app.post("/predict", openapi_extra=openapi.PREDICT, tags=["tuner"])
    @_answered
    async def predict(request: Request) -> Response:
        """Predict files, texts or rows, as `tuner predict --json`: classes with probabilities, or numbers."""
        explain = request.query_params.get("explain", "").lower() in ("1", "true", "yes")
        with server.using() as served:
            if explain:
                check_explains(served)
            kind = _kind(request)
            async with asyncio.timeout(BODY_S):
                sent, texts = await uploads.take(request, kind, server.settings)
            loop = asyncio.get_running_loop()
            read = await loop.run_in_executor(server.pool, uploads.read, served.data, sent, texts, server.settings)
            if explain and sum(len(batch.names) for batch in read.batches) > server.settings.most_explained:
                raise RefusedError(413, f"explain: at most {server.settings.most_explained} samples in a request")
            found = [each for batch in read.batches for each in await _said(served, batch, explain=explain)]
            origin = served.origin
        answer = {"model": origin.name, "version": origin.version, "predictions": found}
        return Response(
            as_json({**answer, "left_out": read.left_out, "notes": read.notes}), media_type="application/json"
        )

    @app.get("/card", tags=["tuner"])
    @_answered
    async def card(request: Request) -> Response:  # noqa: ARG001
        """What is known of the model: scores, data, parameters, when and by which sweep it was made."""
        return Response(as_json(await server.card()), media_type="application/json")

    @app.get("/examples", tags=["tuner"])
    @_answered
    async def examples(request: Request) -> Response:  # noqa: ARG001
        """Samples of the test set, where the sweep is here."""
        return Response(as_json(await server.examples()), media_type="application/json")

    @app.get("/metrics", tags=["tuner"])
    async def metrics() -> Response:
        """Requests, seconds, batches and the model's version, for Prometheus."""
        text = server.metrics.text(server.current.batcher.waiting)
        return Response(text, media_type=server.metrics.content_type)


async def _said(served: ServedModel, samples: Samples, *, explain: bool) -> list[dict[str, Any]]:
    said = predictions(served.data, samples, await served.answer(samples.inputs))
    found = [each.to_json() for each in said]
    if explain:
        for each, explanation in zip(found, await explanations(served, samples, said), strict=True):
            each["explanation"] = explanation
    return found


def _add_pages(app: FastAPI) -> None:
    pages = page_files("tuner.serving.model")

    def page(name: str) -> Response:
        return Response(pages[name], media_type=_TYPES[f".{name.rpartition('.')[2]}"])

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return page("try.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return page("docs.html")

    @app.get(PAGES + "{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name not in pages:
            return refuse(404, "Not Found")
        return page(name)
