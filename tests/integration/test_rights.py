"""MLflow that may be read but not written: one line before anything trains."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from mlflow import MlflowClient
from psycopg import sql
from support.common import Command, free_port
from support.mlflow_server import plain_server
from support.postgres import Postgres, postgres
from support.small_disk import hindrance, small_disk

pytestmark = pytest.mark.proof
SWEEP = ("sweep", "digits", "cnn", "--trials", "2", "--max-epochs", "1", "--limit", "200")
needs_mounts = pytest.mark.skipif(bool(hindrance()), reason=hindrance() or "a disk can be mounted")


def reader_of(server: Postgres, database: str, admin: str) -> tuple[str, str]:
    """The address of a database for a user who may only read it, as it is typed and as it may be shown."""
    name, password = sql.Identifier("reader"), secrets.token_urlsafe(24)
    with server.connect(database) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(name))
    shown = admin.partition("@")[2]
    return f"postgresql+psycopg://reader:{password}@{shown}", f"postgresql+psycopg://{shown}"


def check_refused(tuner: Command, folder: Path, uri: str, line: str) -> None:
    done = tuner(*SWEEP, folder=folder, MLFLOW_TRACKING_URI=uri)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    [told] = [each for each in done.stderr.splitlines() if each.startswith("error: ")]
    assert told.startswith(f"error: MLFLOW_TRACKING_URI={line}")
    assert len(told) < 450
    assert "Traceback" not in done.stderr
    assert not list((folder / "runs").glob("*"))


def test_a_database_that_may_only_be_read(tuner: Command, tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with postgres(tmp_path / "server") as server:
        admin = server.create_database("mlflow")
        reader, shown = reader_of(server, "mlflow", admin)  # without MLflow's tables
        check_refused(tuner, tmp_path, reader, f"{shown}: it takes no runs: permission denied for schema public")
        assert MlflowClient(admin, admin).create_experiment("digits-lenet")
        with server.connect("mlflow") as connection:
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        check_refused(tuner, tmp_path, reader, f"{shown}: it takes no runs: permission denied for table ")
        assert MlflowClient(admin, admin).create_experiment("digits-cnn")
        check_refused(tuner, tmp_path, reader, f"{shown}: it takes no runs: permission denied for table ")


@needs_mounts
def test_a_server_whose_folder_of_artifacts_cannot_be_written(tuner: Command, tmp_path: Path) -> None:
    (tmp_path / "server/artifacts").mkdir(parents=True)
    with small_disk(tmp_path / "server/artifacts", 1 << 20) as disk:
        disk.make_read_only()
        with plain_server(tmp_path / "server", free_port(), disk=disk) as uri:
            check_refused(
                tuner,
                tmp_path,
                uri,
                f"{uri}: artifacts go to mlflow-artifacts:/1, which cannot be written from here (the server fails to",
            )
