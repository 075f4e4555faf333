"""What MLFLOW_TRACKING_URI names is checked before anything trains: an address that cannot work is told in a line."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import threading
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tuner.core.errors import TunerError, one_line
from tuner.tracking.retry import error_cause

if TYPE_CHECKING:
    from mlflow.utils.rest_utils import MlflowHostCreds
    from requests import Response


CONNECT_S = 10
DATABASES = ("postgresql", "mysql", "mssql")
_FOLDERS = ("", "file")
_DATABRICKS = ("databricks", "databricks-uc", "uc")
_FORM = "write sqlite:///mlflow.db for a file in this folder, or sqlite:////FOLDER/mlflow.db"


class UnreachableError(TunerError):
    """Nothing answers at the address; a refusal is an answer."""


def check_address(uri: str) -> None:
    """Raises TunerError when nothing that can be used is at the address, or it refuses the login."""
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if uri.startswith(("http://", "https://")):
        _check_server(uri)
    elif scheme in _DATABRICKS or uri in _DATABRICKS:
        raise TunerError("Databricks names experiments by paths, and cannot be used: name an MLflow server or a file")
    elif scheme == "sqlite":
        _check_sqlite(uri)
    elif scheme in DATABASES:
        _check_database(uri)
    elif scheme not in _FOLDERS:
        known = ", ".join((*DATABASES, "sqlite"))
        raise TunerError(f"it must begin with http:// or https://, or with one of {known}")
    elif os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() not in ("true", "1"):
        raise TunerError("MLflow no longer keeps runs in folders: name a file with sqlite:///PATH/mlflow.db")


def question(login: MlflowHostCreds, path: str = "/api/2.0/mlflow/experiments/search") -> Response:
    """The answer to a small question; by default one that needs a login."""
    from mlflow.utils.rest_utils import http_request  # noqa: PLC0415

    options = {"params": {"max_results": 1}, "timeout": CONNECT_S, "max_retries": 0, "raise_on_status": False}
    answer: Response = http_request(login, path, "GET", **options)
    return answer


def login_of(uri: str) -> MlflowHostCreds:
    """What MLflow finds in its variables or in ~/.mlflow/credentials."""
    from mlflow.utils.credentials import get_default_host_creds  # noqa: PLC0415 - takes seconds

    return get_default_host_creds(uri)


def _check_server(uri: str) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - takes seconds, and only servers need it
    from requests.exceptions import InvalidHeader  # noqa: PLC0415

    _check_host(uri)
    login = login_of(uri)
    try:
        answer = question(login)
        if answer.status_code in (401, 403):
            raise TunerError(_refused(login))
        if answer.status_code != 200 or not _lists_experiments(answer):
            raise TunerError(f"the answer is {answer.status_code} {answer.reason}, not MLflow's list of experiments")
        theirs = question(login, "/version")
    except MlflowException as error:
        if isinstance(error.__context__, InvalidHeader):  # its message has the token in it
            raise TunerError("MLFLOW_TRACKING_TOKEN has an invalid character, such as a line break") from None
        raise UnreachableError(f"no MLflow server answers there: {error_cause(error)}") from None
    _check_version(theirs.text.strip() if theirs.status_code == 200 else "")


def _check_host(uri: str) -> None:
    """Looks the name up, with a time limit: requests has none for that."""
    from requests.utils import get_environ_proxies  # noqa: PLC0415

    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or (port is None and parts.netloc.endswith(":")):
        raise TunerError("it is not a valid address: write http://HOST:PORT")
    if parts.fragment:  # as a browser shows it
        raise TunerError(f"leave out what follows #: {parts._replace(fragment='').geturl()}")
    if not get_environ_proxies(uri):  # a proxy looks it up itself
        _look_up(host)


def _look_up(host: str) -> None:
    import socket  # noqa: PLC0415

    failed: list[OSError] = []

    def ask() -> None:
        try:
            socket.getaddrinfo(host, None)
        except (OSError, UnicodeError) as error:
            failed.append(OSError(one_line(error)))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(CONNECT_S)
    if asking.is_alive() or failed:
        why = "nobody answers" if asking.is_alive() else str(failed[0])
        raise UnreachableError(f"there is no machine called {host}: {why}")


def _lists_experiments(answer: Response) -> bool:
    try:
        found = answer.json()
    except ValueError:
        return False
    return isinstance(found, dict) and (not found or isinstance(found.get("experiments"), list))


def _check_version(theirs: str) -> None:
    """Where a proxy passes no version on, nothing is known."""
    ours = version("mlflow")
    if re.fullmatch(r"\d+\.\d+\S*", theirs) and theirs.split(".", maxsplit=1)[0] != ours.split(".")[0]:
        raise TunerError(
            f"the server is MLflow {theirs}, but here is MLflow {ours}: they must have the same first number"
        )


def _refused(login: MlflowHostCreds) -> str:
    if login.username and login.password:
        return f"the server refuses {login.username}: check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    if login.token:
        return "the server refuses the token that MLFLOW_TRACKING_TOKEN holds"
    names = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    return f"the server asks for a login: set {names}, or MLFLOW_TRACKING_TOKEN"


def _check_database(uri: str) -> None:
    from sqlalchemy import create_engine  # noqa: PLC0415 - half a second, and only a database needs it
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError  # noqa: PLC0415

    try:
        with create_engine(uri, connect_args={"connect_timeout": CONNECT_S}).connect():
            pass
    except ImportError as error:
        raise TunerError(f"the library for this database is not installed: {error}") from None
    except ArgumentError as error:
        raise TunerError(f"it is no address of a database: {one_line(error)}") from None
    except SQLAlchemyError as error:
        raise UnreachableError(f"no database answers there: {error_cause(error)}") from None


def _check_sqlite(uri: str) -> None:
    """Whether the file can be written, or made. One that another process has locked is fine: it is waited for."""
    path = unquote(uri.partition(":///")[2].partition("?")[0])
    if not path:
        raise TunerError(f"it names no file: {_FORM}")
    if path.startswith(":memory:"):
        raise TunerError(f"in memory nothing is kept: {_FORM}")
    file = Path(path).absolute()
    if not file.parent.is_dir():
        raise TunerError(f"there is no folder {file.parent}: make it, or correct the path")
    if file.is_dir():
        raise TunerError(f"{file} is a folder: name a file in it, such as sqlite:///{file}/mlflow.db")
    try:
        with tempfile.TemporaryFile(dir=file.parent):  # where sqlite keeps its journal
            pass
        if file.exists():
            with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("SELECT COUNT(*) FROM sqlite_master")
    except OSError as error:
        raise TunerError(f"cannot write to the folder {file.parent}: {error.strerror}") from None
    except sqlite3.Error as error:
        if "locked" not in str(error):
            raise TunerError(f"{file}: {error}") from None
