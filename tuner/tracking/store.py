"""Where a sweep is tracked: the server that MLFLOW_TRACKING_URI names, or an embedded store in the home folder."""

from __future__ import annotations

import fcntl
import os
import urllib.parse
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.tracking.retry import error_cause

if TYPE_CHECKING:
    from mlflow.utils.rest_utils import MlflowHostCreds
    from requests import Response


CONNECT_S = 10
_DATABASES = ("postgresql", "mysql", "mssql")
_FOLDERS = ("", "file")
_OTHERS = ("sqlite", "databricks")
_SQLITE = "sqlite:///"


class UnreachableError(TunerError):
    """Nothing answers at the address; a refusal is an answer."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """An MLflow tracking store."""

    uri: str
    artifacts: str | None
    """Root of the artifacts of new experiments; None when the server decides."""

    @classmethod
    def of(cls, home: Path) -> Store:
        """The store that the environment names, by default mlflow.db and artifacts/ in `home`."""
        server = os.environ.get("MLFLOW_TRACKING_URI")
        if server:
            return cls(uri=server, artifacts=None)
        return cls(uri=f"{_SQLITE}{home / 'mlflow.db'}", artifacts=(home / "artifacts").as_uri())

    @property
    def embedded(self) -> bool:
        """Whether it lies in the home folder."""
        return self.artifacts is not None

    @property
    def local(self) -> bool:
        """Whether it is a database or folder, which needs a server to be looked at."""
        return not self.uri.startswith(("http://", "https://"))

    @property
    def address(self) -> str:
        """The URI as it may be shown: without a user's name and password."""
        parts = urllib.parse.urlsplit(self.uri)
        return self.uri if "@" not in parts.netloc else parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def place(self) -> str:
        """The address as stored with a sweep: empty for the embedded one, which may move with its home folder."""
        return "" if self.embedded else self.address

    def check_begun(self, config: SweepConfig) -> None:
        """Raises TunerError when the sweep began with another store."""
        if config.tracking not in (None, self.place):
            began = f"MLFLOW_TRACKING_URI={config.tracking}" if config.tracking else "no MLFLOW_TRACKING_URI"
            raise TunerError(
                f"{config.name} was started with {began}, but MLflow is {self.address} here: set it as it was then"
            )

    def check(self) -> None:
        """Raises TunerError when no store answers at the address, or it refuses the login. An embedded one is fine."""
        scheme = urllib.parse.urlsplit(self.uri).scheme.partition("+")[0]
        try:
            if not self.local:
                _check_server(self.uri)
            elif scheme in _DATABASES:
                _check_database(self.uri)
            elif scheme in _FOLDERS and os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() not in ("true", "1"):
                raise TunerError("MLflow no longer keeps runs in folders: name a file with sqlite:///PATH/mlflow.db")
            elif scheme not in (*_FOLDERS, *_OTHERS):
                raise TunerError(f"it must begin with http:// or https://, or with {', '.join(_DATABASES)} or sqlite")
        except TunerError as error:
            raise type(error)(f"MLFLOW_TRACKING_URI={self.address}: {error}") from None

    def ask(self) -> None:
        """Sends a server a small request, to see if it answers again. Raises if it does not, or is overloaded."""
        if not self.local:
            _question(_login(self.uri)).raise_for_status()

    def prepare(self) -> None:
        """Creates the tables of an sqlite file that does not exist yet; two first uses at once would break each other.

        They are created in a file beside it, which is renamed when they are complete. If a full disk or a kill left a
        database with some of its tables, MLflow would say forever that they already exist.
        """
        path = self._file
        if path is None or path.exists():
            return
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415 - takes seconds

        spare = self.artifacts or Path("mlruns").absolute().as_uri()  # MLflow's own default breaks on a quote in it
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / ".mlflow.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return
            for rest in path.parent.glob(f".{path.name}-*"):
                rest.unlink()
            new = path.with_name(f".{path.name}-{uuid.uuid4().hex}")  # MLflow keeps a failed one open
            SqlAlchemyStore(f"{_SQLITE}{new}", spare).engine.dispose()
            new.rename(path)

    @property
    def _file(self) -> Path | None:
        """The file of an sqlite database; None for any other store."""
        path = self.uri.removeprefix(_SQLITE).partition("?")[0]
        return Path(path) if self.uri.startswith(_SQLITE) and path and not path.startswith(":") else None


def _question(login: MlflowHostCreds) -> Response:
    """The answer to a small question that needs a login."""
    from mlflow.utils.rest_utils import http_request  # noqa: PLC0415

    question = {"params": {"max_results": 1}, "timeout": CONNECT_S, "max_retries": 0, "raise_on_status": False}
    answer: Response = http_request(login, "/api/2.0/mlflow/experiments/search", "GET", **question)
    return answer


def _login(uri: str) -> MlflowHostCreds:
    """What MLflow finds in its variables or in ~/.mlflow/credentials."""
    from mlflow.utils.credentials import get_default_host_creds  # noqa: PLC0415 - takes seconds

    return get_default_host_creds(uri)


def _check_server(uri: str) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - takes seconds, and only servers need it
    from requests.exceptions import InvalidHeader  # noqa: PLC0415

    login = _login(uri)
    try:
        answer = _question(login)
    except MlflowException as error:
        if isinstance(error.__context__, InvalidHeader):  # its message has the token in it
            raise TunerError("MLFLOW_TRACKING_TOKEN has an invalid character, such as a line break") from None
        raise UnreachableError(f"no MLflow server answers there: {error_cause(error)}") from None
    if answer.status_code in (401, 403):
        raise TunerError(_refused(login))
    if answer.status_code != 200 or "json" not in answer.headers.get("Content-Type", ""):
        raise TunerError(f"the answer is {answer.status_code} {answer.reason}, not MLflow's list of experiments")


def _refused(login: MlflowHostCreds) -> str:
    if login.username and login.password:
        return f"the server refuses {login.username}: check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    if login.token:
        return "the server refuses the token that MLFLOW_TRACKING_TOKEN holds"
    names = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    return f"the server asks for a login: set {names}, or MLFLOW_TRACKING_TOKEN"


def _check_database(uri: str) -> None:
    from sqlalchemy import create_engine  # noqa: PLC0415 - half a second, and only a database needs it
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        with create_engine(uri, connect_args={"connect_timeout": CONNECT_S}).connect():
            pass
    except (SQLAlchemyError, ImportError) as error:
        raise UnreachableError(f"no database answers there: {error_cause(error)}") from None
