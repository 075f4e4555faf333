"""Environment variables and time limits of the libraries: quiet, local, without telemetry."""

from __future__ import annotations

import os
import site
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tuner.core.errors import TunerError

DEFAULTS = {
    "PYTHONSAFEPATH": "1",  # no process that we start imports from its working folder: a user's files there are data
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin starve each other on a busy machine: an LSTM was 50 x slower
    "RAY_AUTH_MODE": "token",  # keeps authentication, drops the message about it
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # after `uv run`, Ray would copy the working folder and import from it
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # signals.py handles all signals that end a sweep
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "30",  # with the default of 2 s, a trial that is slow to stop breaks the next
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",  # the study holds the state, Ray's snapshots are never read
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # an error is recorded as its trial's reason
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # they take minutes, and may create things twice: see outage.py
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",  # seconds
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # after each run on a server, even next to our --json
    "GIT_PYTHON_REFRESH": "quiet",
}


def prepare_environment() -> None:
    """Sets the variables that the user has not set. Call it before `import ray` and `import mlflow`.

    Raises:
        TunerError: MLFLOW_TRACKING_URI is not a valid address.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    _lead_to_package()
    _take_login()


@contextmanager
def prepared_environment() -> Iterator[None]:
    """The same, as long as the block lasts: for a process that is not ours, such as a user's notebook."""
    before = dict(os.environ)
    prepare_environment()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _lead_to_package() -> None:
    os.environ.update(path_to_package())


def path_to_package() -> dict[str, str]:
    """The variable by which processes that we start find this package where it is not installed, as in a clone of it.

    This process has found it in its working folder then, or beside its script, where the others do not look. Empty
    where it is installed.
    """
    place = str(Path(__file__).resolve().parents[2])
    found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if place in sys.path and place not in {*found, *site.getsitepackages(), site.getusersitepackages()}:
        return {"PYTHONPATH": os.pathsep.join([place, *filter(None, found)])}
    return {}


def _take_login() -> None:
    """Moves a login from the tracking server's address, which MLflow shows in messages, to the variables for it."""
    try:
        address = urlsplit(os.environ.get("MLFLOW_TRACKING_URI", ""))
    except ValueError:  # its message may contain the password
        raise TunerError("MLFLOW_TRACKING_URI is not a valid address: write http://HOST:PORT") from None
    login, at, host = address.netloc.rpartition("@")
    if not at or not address.scheme.startswith("http"):
        return
    user, _, password = login.partition(":")
    os.environ.setdefault("MLFLOW_TRACKING_USERNAME", unquote(user))
    os.environ.setdefault("MLFLOW_TRACKING_PASSWORD", unquote(password))
    os.environ["MLFLOW_TRACKING_URI"] = address._replace(netloc=host).geturl()


DOWNLOAD_TIMEOUT_S = 30.0  # without a byte: a firewall that drops packets never answers


@contextmanager
def download_timeout() -> Iterator[None]:
    """New sockets time out: torch opens urls without a timeout, so only the default one reaches them."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


ON_CLUSTER = "TUNER_ON_CLUSTER"  # set in the processes of a submitted job, on all nodes
SHARED_DISK = "TUNER_SHARED_DISK"  # set beside it in a job of Slurm: all nodes see the folders of the driver
OUTPUT_MARK = "-- tuner --"  # the line of a job's log after which our own output begins


def on_cluster() -> bool:
    """Whether this process belongs to a submitted job: its trials may run on all nodes of the cluster."""
    return bool(os.environ.get(ON_CLUSTER))


def shares_disk() -> bool:
    """Whether all nodes of the cluster that this process belongs to see its folders."""
    return bool(os.environ.get(SHARED_DISK))


def was_sent() -> bool:
    """Whether the sweep was sent to this cluster from another machine, which has the files that it was begun with."""
    return on_cluster() and not shares_disk()
