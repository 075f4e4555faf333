"""What the page asks for: GET requests, which change nothing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tuner.core import catalog, own_code
from tuner.core.budgets import BUDGETS
from tuner.core.finite import finite
from tuner.core.search_options import AUTO, SAMPLERS, SCHEDULERS
from tuner.report.not_shown import NotShown
from tuner.serving.board.board import Board
from tuner.serving.board.charts import TITLES
from tuner.serving.board.files import bring_report, packed_files, page_response, plotly, report_response
from tuner.serving.board.links import mlflow_link, ray_link
from tuner.serving.board.live import Live
from tuner.serving.board.settings import Settings


def reading_routes(board: Board, live: Live, settings: Settings) -> APIRouter:
    """The routes."""
    router = APIRouter()

    _add_pages(router, board, settings)

    @router.get("/api/about")
    def about() -> dict[str, Any]:
        """Where the sweeps are, and what else runs."""
        return settings.to_json()

    @router.get("/api/sweeps")
    def sweeps() -> dict[str, Any]:
        """All sweeps, by name."""
        board.overview.look(most=60.0)
        return {"rows": board.overview.rows.values()}

    @router.get("/api/sweeps/{name}/trials")
    def trials(name: str) -> dict[str, Any]:
        """The trials of a sweep, by number."""
        return {"rows": board.view(name).trials.values()}

    @router.get("/api/sweeps/{name}/charts/{key}")
    def chart(name: str, key: str, trial: int | None = None) -> dict[str, Any]:
        """A chart as plotly draws it, or why there is none."""
        view = board.view(name)
        try:
            drawn = view.chart(key, trial)
        except NotShown as reason:
            return {"title": TITLES[key], "note": str(reason), "charts": [], "version": view.trials.version}
        block = drawn.block
        shown = {"title": TITLES[key], "caption": block.caption, "grid": block.grid, "version": drawn.version}
        return {**shown, "charts": finite(block.charts)}

    @router.get("/api/events")
    async def events(sweep: str | None = None) -> StreamingResponse:
        """What changes, as server-sent events."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(live.events(sweep), media_type="text/event-stream", headers=headers)

    @router.get("/api/catalog")
    def names() -> dict[str, Any]:
        """What a new sweep can be made of."""
        return {
            "datasets": {**own_code.found_in("datasets"), **_summaries("datasets")},
            "formats": {f"{name}:": catalog.format_summary(name) for name in catalog.formats()},
            "models": {**own_code.found_in("models"), **_summaries("models")},
            "pairs": catalog.names("search_spaces"),
            "samplers": [*SAMPLERS, AUTO],
            "schedulers": list(SCHEDULERS),
            "budgets": list(BUDGETS),
        }

    return router


def _add_pages(router: APIRouter, board: Board, settings: Settings) -> None:
    """The page itself, and what its links lead to."""

    @router.get("/", include_in_schema=False)
    def index() -> Response:
        return page_response(packed_files()["index.html"])

    @router.get("/pages/plotly.js", include_in_schema=False)
    def plotly_js() -> Response:
        return page_response(plotly(), "private, max-age=86400")

    @router.get("/pages/{name}", include_in_schema=False)
    def page(name: str) -> Response:
        found = packed_files().get(name)
        return Response(status_code=404) if found is None else page_response(found)

    @router.get("/mlflow/{name}", include_in_schema=False)
    def mlflow(name: str) -> Response:
        return RedirectResponse(mlflow_link(name, board.home, settings.mlflow))

    @router.get("/ray/{name}", include_in_schema=False)
    def ray(name: str) -> Response:
        return RedirectResponse(ray_link(name, board.home, board.cluster))

    @router.get("/report/{name}/", include_in_schema=False)
    @router.get("/report/{name}/{file}", include_in_schema=False)
    def report(name: str, file: str = "") -> Response:
        if board.cluster and not file:
            bring_report(board.home, name, board.cluster)
        return report_response(board.home, name, file)

    @router.get("/report/{name}", include_in_schema=False)
    def report_folder(name: str) -> Response:
        return RedirectResponse(f"/report/{name}/")


def _summaries(kind: own_code.Kind) -> dict[str, str]:
    return {name: catalog.summary(kind, name) for name in catalog.names(kind)}
