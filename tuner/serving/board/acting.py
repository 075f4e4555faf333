"""What the page does: POST requests. Each is a command, and needs the token."""

from __future__ import annotations

import shlex
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from tuner.core.errors import TunerError
from tuner.core.sweep_folder import known_sweep
from tuner.serving.access import reading_key
from tuner.serving.board.board import Board
from tuner.serving.board.commands import placed, run_command, run_json
from tuner.serving.board.compose import Form, command_text, sweep_words
from tuner.serving.board.optuna_dashboard import OptunaDashboards
from tuner.serving.board.settings import Settings
from tuner.sweeps import control

COOKIE = "tuner_ui"


class Stop(BaseModel):
    """How a sweep is stopped."""

    model_config = ConfigDict(extra="forbid")

    now: bool = False


def acting_routes(board: Board, settings: Settings, dashboards: OptunaDashboards | None) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api")

    @router.post("/login")
    def login() -> Response:
        """A cookie with which reports can be opened by a link. It is good for reading alone."""
        answer = Response(status_code=204)
        answer.set_cookie(COOKIE, reading_key(settings.token), httponly=True, samesite="strict", path="/")
        return answer

    @router.post("/sweeps/{name}/optuna")
    def optuna(name: str) -> dict[str, str]:
        """Where its optuna-dashboard is, which is begun if it does not run."""
        if dashboards is None:
            raise TunerError(settings.optuna_note or "optuna-dashboard was not asked for: tuner ui --optuna")
        return {"address": dashboards.address(name)}

    _add_orders(router, board, settings.cluster)
    _add_forms(router, settings.cluster)
    return router


def _add_orders(router: APIRouter, board: Board, cluster: str) -> None:
    """What is done with a sweep."""

    def run(name: str, *words: str) -> dict[str, str]:
        known_sweep(name, board.home)
        command = placed(cluster, *words)
        run_command(command)
        return _told(*command)

    @router.post("/sweeps/{name}/stop")
    def stop(name: str, how: Stop) -> dict[str, str]:
        """As `tuner stop NAME`, or with --now."""
        words = ["stop", name, *(["--now"] if how.now else [])]
        if cluster:
            return run(name, *words)
        control.stop(name, now=how.now)
        return _told(*words)

    @router.post("/sweeps/{name}/pause")
    def pause(name: str) -> dict[str, str]:
        """As `tuner pause NAME`."""
        if cluster:
            return run(name, "pause", name)
        control.pause(name)
        return _told("pause", name)

    @router.post("/sweeps/{name}/resume")
    def resume(name: str) -> dict[str, str]:
        """As `tuner resume NAME --detach`."""
        return run(name, "resume", name, "--detach")

    @router.post("/sweeps/{name}/report")
    def report(name: str) -> dict[str, str]:
        """As `tuner report NAME`."""
        if cluster:
            raise TunerError(
                f"a sweep on a cluster makes its report itself, at its end: type tuner report {name} there"
            )
        return run(name, "report", name)


def _add_forms(router: APIRouter, cluster: str) -> None:
    """What a new sweep goes through."""

    @router.post("/compose")
    def compose(form: Form) -> dict[str, str]:
        """The command of a sweep; nothing is checked."""
        return {"command": command_text(placed(cluster, *sweep_words(form)))}

    @router.post("/space")
    def space(form: Form) -> dict[str, Any]:
        """The search space of a dataset and a model, as `tuner show` says it; of several models that of the first."""
        if not form.dataset.strip() or not form.models:
            raise TunerError("choose a dataset and a model")
        words = ["show", form.dataset.strip(), form.models[0].strip()]
        words += ["--target", form.target.strip()] if form.target.strip() else []
        found, _ = run_json(words)
        return {"command": shlex.join(["tuner", *words]), "model": found["model"], "space": found["space"]}

    @router.post("/check")
    def check(form: Form) -> dict[str, Any]:
        """What a sweep would do and cost, as `tuner sweep ... --dry-run` says it."""
        words = [*sweep_words(form), "--dry-run"]
        found, notes = run_json(words)
        return {"command": command_text(words), "notes": notes, "plan": found}

    @router.post("/start")
    def start(form: Form) -> dict[str, Any]:
        """Begins a sweep, as `tuner sweep ... --detach`."""
        words = placed(cluster, *sweep_words(form), "--detach")
        found, notes = run_json(words)
        return {"command": command_text(words), "notes": notes, "sweep": found["sweep"]}


def _told(*words: str) -> dict[str, str]:
    return {"command": shlex.join(["tuner", *words])}
