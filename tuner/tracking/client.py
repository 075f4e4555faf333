"""The one way to MLflow's client. Its statements wait for an sqlite file that another process has locked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from mlflow import MlflowClient
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

LOCK_WAIT_S = 60  # for each statement
_PAGE = 1000  # results in one answer
_WAIT = f"PRAGMA busy_timeout = {LOCK_WAIT_S * 1000}"

for _name in ("mlflow", "alembic", "urllib3"):
    logging.getLogger(_name).setLevel(logging.ERROR)


logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it logs the traceback of what it raises


def make_client(uri: str) -> MlflowClient:
    """A client of the store at this address, for runs and models."""
    return MlflowClient(uri, uri)


def pages(search: Callable[..., Any], *arguments: object) -> Iterator[Any]:
    """Everything that a search finds, page after page."""
    token = None
    while True:
        page = search(*arguments, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


class HeardClient:
    """MLflow's own client, which tells of each answer."""

    def __init__(self, uri: str, heard: Callable[[], None]) -> None:
        self._client = make_client(uri)
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        @wraps(method)
        def call(*arguments: Any, **options: Any) -> Any:
            answer = method(*arguments, **options)
            self._heard()
            return answer

        return call


@event.listens_for(Engine, "before_cursor_execute", retval=True)
def _wait_longer(connection: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> tuple[str, Any]:
    """MLflow asks for 20 s in each session: then a model, which takes many statements, is never registered whole."""
    if connection.dialect.name == "sqlite" and statement.startswith("PRAGMA busy_timeout"):
        statement = _WAIT
    return statement, parameters


@event.listens_for(Engine, "connect")
def _wait_at_first(connection: Any, _: Any) -> None:
    """Before its first session MLflow looks for its tables, and would give up after 5 s."""
    if type(connection).__module__ == "sqlite3":
        connection.execute(_WAIT)
