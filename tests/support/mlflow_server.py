"""A team's MLflow server: on PostgreSQL, with logins, and with the artifacts going through it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.common import free_port
from support.postgres import Postgres
from support.processes import Process, end, start, wait_until
from support.small_disk import SmallDisk

START_S = 120.0
ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class MlflowServer:
    """A server that runs."""

    uri: str
    process: Process
    artifacts: Path
    """Where it keeps them."""
    passwords: dict[str, str] = field(repr=False)
    """Of its users."""

    def login(self, user: str = ADMIN) -> dict[str, str]:
        """The environment of somebody who uses it."""
        name, password = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
        return {"MLFLOW_TRACKING_URI": self.uri, name: user, password: self.passwords[user]}

    def add_user(self, name: str) -> None:
        """Somebody who may read and edit what others have made."""
        self.passwords[name] = secrets.token_urlsafe(12)
        self.ask("POST", "users/create", {"username": name, "password": self.passwords[name]})

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, user: str = ADMIN) -> Any:
        """The answer to a request of MLflow's REST API."""
        login = b64encode(f"{user}:{self.passwords[user]}".encode()).decode()
        request = urllib.request.Request(
            f"{self.uri}/api/2.0/mlflow/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Basic {login}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def mlflow_server(folder: Path, database: Postgres) -> Iterator[MlflowServer]:
    """Starts a server with two workers and two new databases. Its output is in `folder`, as mlflow.log.

    No password is on a command line: the server's own is in its environment, that for the logins in a file.
    """
    port = free_port()
    password = secrets.token_urlsafe(12)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ},
        "MLFLOW_BACKEND_STORE_URI": database.create_database("mlflow"),
        "MLFLOW_AUTH_CONFIG_PATH": str(_logins(folder, database.create_database("mlflow_auth"))),
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # five processes in place of thirteen
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    arguments = ["--workers=2", "--app-name=basic-auth", "--serve-artifacts"]
    arguments += [f"--artifacts-destination={folder / 'artifacts'}"]
    with _running(folder, port, arguments, environment) as process:
        uri, passwords = f"http://127.0.0.1:{port}", {ADMIN: password}
        yield MlflowServer(uri=uri, process=process, artifacts=folder / "artifacts", passwords=passwords)


@contextmanager
def plain_server(
    folder: Path,
    port: int,
    how: signal.Signals = signal.SIGTERM,
    artifacts: str | None = None,
    disk: SmallDisk | None = None,
) -> Iterator[str]:
    """A server of one person: on sqlite, without logins. Gives its address; its data stay in `folder`.

    It serves the artifacts itself; if `artifacts` is given, clients are to write them to that place. It sees a `disk`.
    """
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    environment |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    arguments = ["--workers=1", f"--backend-store-uri=sqlite:///{folder / 'mlflow.db'}"]
    serve = ["--serve-artifacts", f"--artifacts-destination={folder / 'artifacts'}"]
    leave = ["--no-serve-artifacts", f"--default-artifact-root={artifacts}"]
    with _running(folder, port, [*arguments, *(leave if artifacts else serve)], environment, how, disk):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(
    folder: Path,
    port: int,
    arguments: list[str],
    environment: dict[str, str],
    how: signal.Signals = signal.SIGTERM,
    disk: SmallDisk | None = None,
) -> Iterator[Process]:
    command = [sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}", *arguments]
    log = folder / "mlflow.log"
    process = start(
        disk.inside(*command) if disk else command, folder=folder, environment=environment, output=log, leader=True
    )
    try:
        ready = wait_until(lambda: _answers(f"http://127.0.0.1:{port}"), process, timeout=START_S)
        assert ready, log.read_text(encoding="utf-8")
        yield process
    finally:
        end(process, how, group=True)  # its workers are its process group


def _logins(folder: Path, database: str) -> Path:
    path = folder / "auth.ini"
    path.touch(mode=0o600)
    settings = {"default_permission": "EDIT", "database_uri": database.replace("%", "%%"), "admin_username": ADMIN}
    settings["auth_cache_ttl_seconds"] = "60"  # without it a password is hashed again for each request
    path.write_text("[mlflow]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    return path


def _answers(uri: str) -> bool:
    with urllib.request.urlopen(f"{uri}/health", timeout=10):
        return True
