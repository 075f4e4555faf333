"""What is said to a client whose request is not answered: a status of HTTP, and one line."""

from __future__ import annotations

import json
from http import HTTPStatus

from starlette.responses import Response

from tuner.core.errors import printable

SHOWN = 500  # characters of a reason


def refuse(status: int, reason: str) -> Response:
    """The answer, in the form of MLflow's server: an error code and a message."""
    text = printable(reason)
    body = {"error_code": code_of(status), "message": text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."}
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    return Response(json.dumps(body), status, headers, "application/json")


def code_of(status: int) -> str:
    """MLflow's word for a status, where it has one; else that of HTTP."""
    if status == HTTPStatus.BAD_REQUEST:
        return "BAD_REQUEST"
    try:
        return HTTPStatus(status).name
    except ValueError:
        return "ERROR"
