"""Where a sweep is tracked: the server that MLFLOW_TRACKING_URI names, or an embedded store in the home folder."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import urllib.parse
import urllib.request
from dataclasses import asdict, dataclass
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path

import torch

from tuner.config import SweepConfig
from tuner.errors import TunerError
from tuner.machine import cpu_count, gpu_count

CONNECT_S = 10.0
_VERSIONS = ("tuner", "torch", "torchvision", "ray", "optuna", "mlflow", "scikit-learn", "numpy")


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
        return cls(uri=f"sqlite:///{home / 'mlflow.db'}", artifacts=(home / "artifacts").as_uri())

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

    def check(self) -> None:
        """Raises TunerError when no server answers at the address. An embedded store needs none."""
        if self.local:
            return
        try:
            with urllib.request.urlopen(f"{self.address.rstrip('/')}/health", timeout=CONNECT_S):
                pass
        except (OSError, ValueError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise TunerError(f"MLFLOW_TRACKING_URI={self.address}: no MLflow server answers there: {reason}") from None

    def prepare(self, home: Path) -> None:
        """Makes the embedded database's tables, once: two first uses at the same time would break each other."""
        if not self.embedded or (home / "mlflow.db").exists():
            return
        from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds, and is needed once

        with (home / ".mlflow.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            MlflowClient(self.uri).search_experiments(max_results=1)


def describe(config: SweepConfig) -> dict[str, str]:
    """Tags of the sweep's run: its configuration, the versions of what it ran with, and the machine."""
    gpus = [torch.cuda.get_device_name(index) for index in range(gpu_count())]
    return {
        "mlflow.source.name": f"tuner sweep {config.dataset} {config.model}",
        "mlflow.source.type": "LOCAL",
        "tuner.dataset": config.dataset,
        "tuner.model": config.model,
        "tuner.config": json.dumps(asdict(config)),
        "tuner.versions": json.dumps(
            {"python": platform.python_version()} | {name: version(name) for name in _VERSIONS}
        ),
        "tuner.machine": json.dumps({"cpus": cpu_count(), "gpus": gpus, "system": platform.platform()}),
    }
