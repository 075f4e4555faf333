"""A PostgreSQL of the tests' own: Debian's programs, a free port of 127.0.0.1, a password."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from support.common import free_port
from support.processes import WAIT_S, Process, end, start, wait_until

START_S = 60.0
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")  # it is thrown away


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A server that runs."""

    port: int
    user: str
    password: str = field(repr=False)
    log: Path
    data: Path
    options: Sequence[str]
    processes: list[Process] = field(default_factory=list)
    """The last one is the server."""

    def begin(self) -> None:
        """Starts the server, and waits until it answers."""
        options = (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *self.options)
        process = start(
            [_programs() / "postgres", "-D", self.data / "db", *(f"--{option}" for option in options)],
            folder=self.data,
            environment={"PATH": os.environ["PATH"]},
            output=self.log,
            leader=True,
            **_account(),
        )
        self.processes.append(process)
        ready = wait_until(self._answers, process, timeout=START_S, poll=0.1)
        assert ready, self.log.read_text(encoding="utf-8")

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT cuts clients off and writes what is to be written; after SIGQUIT it is as after a crash."""
        for process in self.processes[-1:]:
            end(process, how, timeout=WAIT_S)

    def create_database(self, name: str) -> str:
        """Makes an empty database and returns its address for SQLAlchemy."""
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://{self.user}:{self.password}@127.0.0.1:{self.port}/{name}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection that commits each statement."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=10,
        )


@contextmanager
def postgres(folder: Path, *options: str) -> Iterator[Postgres]:
    """Starts a server, with these settings, and ends it. Its output is in `folder`, as postgres.log.

    It refuses to run as root: root starts it as the user that Debian's package makes. That one cannot enter the
    folders of a test that root runs, so the data lie in a folder of their own.

    Skips the test where there is no PostgreSQL, and fails it where CI is set.
    """
    programs, account = _programs(), _account()
    data = Path(tempfile.mkdtemp(prefix="pg"))
    server = Postgres(
        port=free_port(),
        user="tuner",
        password=secrets.token_urlsafe(24),
        log=folder / "postgres.log",
        data=data,
        options=(*_FAST, *options),
    )
    try:
        if account:
            shutil.chown(data, account["user"], account["group"])
        _initialise(programs / "initdb", data, server, account)
        try:
            server.begin()
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(data)


def _account() -> dict[str, Any]:
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


def _programs() -> Path:
    """The folder of initdb and postgres: Debian puts them where no PATH leads."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[::-1]
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    reason = "no PostgreSQL here: apt-get install postgresql"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _initialise(initdb: Path, data: Path, server: Postgres, account: dict[str, Any]) -> None:
    secret = data / "password"
    secret.touch(mode=0o600)
    if account:
        shutil.chown(secret, account["user"], account["group"])
    secret.write_text(server.password, encoding="utf-8")
    options = ("-U", server.user, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "--no-sync")
    subprocess.run(
        [str(initdb), "-D", str(data / "db"), *options],
        cwd=data,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        **account,
    )
    secret.unlink()
