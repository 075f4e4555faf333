"""Where a sweep is tracked: the server that MLFLOW_TRACKING_URI names, or an embedded store in the home folder."""

from __future__ import annotations

import fcntl
import os
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.tracking.store_check import check_address, login_of, question

_SQLITE = "sqlite:///"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Store:
    """An MLflow tracking store."""

    uri: str
    artifacts: str | None
    """Root of the artifacts of new experiments; None when the server decides."""

    @classmethod
    def of(cls, home: Path) -> Store:
        """The store that the environment names, by default mlflow.db and artifacts/ in `home`."""
        server = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
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
        """Raises TunerError when nothing that can be used is at the address. An embedded store is fine."""
        if not self.embedded:
            self.name_errors(lambda: check_address(self.uri))

    def name_errors(self, check: Callable[[], T]) -> T:
        """Runs a check and returns what it does; its TunerError begins with the address."""
        try:
            return check()
        except TunerError as error:
            raise type(error)(f"MLFLOW_TRACKING_URI={self.address}: {error}") from None

    def ask(self) -> None:
        """Sends a server a small request, to see if it answers again. Raises if it does not, or is overloaded."""
        if not self.local:
            question(login_of(self.uri)).raise_for_status()

    def prepare(self) -> None:
        """Creates the tables of an sqlite file that does not exist yet; two first uses at once would break each other.

        They are created in a file beside it, which is renamed when they are complete. If a full disk or a kill left a
        database with some of its tables, MLflow would say forever that they already exist.
        """
        path = self.file
        if path is None or path.exists():
            return
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415 - takes seconds

        import tuner.tracking.client  # noqa: F401, PLC0415 - makes MLflow quiet

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
    def file(self) -> Path | None:
        """The file of an sqlite database; None for any other store."""
        path = self.uri.removeprefix(_SQLITE).partition("?")[0]
        return Path(path) if self.uri.startswith(_SQLITE) and path and not path.startswith(":") else None
