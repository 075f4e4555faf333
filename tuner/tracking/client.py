"""The one way to MLflow's client. Its statements wait for an sqlite file that another process has locked."""

from __future__ import annotations

from typing import Any

from mlflow import MlflowClient
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

LOCK_WAIT_S = 60  # for each statement
_WAIT = f"PRAGMA busy_timeout = {LOCK_WAIT_S * 1000}"


def make_client(uri: str) -> MlflowClient:
    """A client of the store at this address, for runs and models."""
    return MlflowClient(uri, uri)


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
