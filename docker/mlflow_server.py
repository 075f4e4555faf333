"""`python mlflow_server.py OPTION...`: becomes `mlflow server` with logins, on the PostgreSQL of the environment.

`python mlflow_server.py upgrade` brings the database to a new MLflow's schema instead, and ends.

No password is on a command line. MLflow reads the address of the logins' database from a file alone, so it is written
here, at each start, where only this user reads it.
"""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

TRACKING, LOGINS = "mlflow", "mlflow_auth"  # the two databases
DATABASE_S = 300.0  # how long PostgreSQL may take to start
SETTINGS = {
    "default_permission": "EDIT",  # the sweeps of a team are everybody's
    "auth_cache_ttl_seconds": "60",  # without it a password is hashed again for each request: three times slower
}


def address(environment: Mapping[str, str], database: str) -> str:
    """Of a database, for SQLAlchemy. POSTGRES_ADDRESS is HOST:PORT."""
    user, password = (quote(environment[f"POSTGRES_{name}"], safe="") for name in ("USER", "PASSWORD"))
    return f"postgresql+psycopg://{user}:{password}@{environment['POSTGRES_ADDRESS']}/{database}"


def write_settings(environment: Mapping[str, str]) -> Path:
    """Makes MLflow's file about logins, with mode 0600. Returns its path."""
    path = Path.home() / ".mlflow-logins.ini"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    settings = {**SETTINGS, "database_uri": address(environment, LOGINS).replace("%", "%%")}
    path.write_text("[mlflow]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()), encoding="utf-8")
    return path


def wait_for(environment: Mapping[str, str]) -> None:
    """Returns when the databases are there. Ends the process when they are not after DATABASE_S."""
    import psycopg  # noqa: PLC0415

    deadline = time.monotonic() + DATABASE_S
    for database in (TRACKING, LOGINS):
        while True:
            try:
                psycopg.connect(address(environment, database).replace("+psycopg", ""), connect_timeout=5).close()
                break
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    sys.exit(f"the database {database} is not there after {DATABASE_S:.0f} s: {error}")
                time.sleep(1)


def upgrade(environment: Mapping[str, str]) -> None:
    """Migrates the runs' database; that of the logins migrates itself. `mlflow db upgrade` wants the password typed."""
    from mlflow.db import commands  # noqa: PLC0415 - the server itself is another process

    commands(["upgrade", address(environment, TRACKING)], standalone_mode=False)


if __name__ == "__main__":
    wait_for(os.environ)
    if sys.argv[1:] == ["upgrade"]:
        upgrade(os.environ)
        sys.exit()
    os.environ["MLFLOW_AUTH_CONFIG_PATH"] = str(write_settings(os.environ))
    os.environ["MLFLOW_BACKEND_STORE_URI"] = address(os.environ, TRACKING)
    os.execvp("mlflow", ["mlflow", "server", "--app-name=basic-auth", *sys.argv[1:]])
