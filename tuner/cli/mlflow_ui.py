"""MLflow's server on the embedded store, without its many lines: a part of `tuner ui`."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO

from rich.console import Console

from tuner.core.errors import TunerError
from tuner.core.files import make_folder
from tuner.core.sweep_folder import sweeps_in
from tuner.tracking.store import Store

HOST = "127.0.0.1"
POLL_S = 0.2
PATIENCE_S = 10.0  # how long the server may take to stop
LIBRARY = sysconfig.get_path("stdlib")  # instead of its working folder, from which uvicorn would import first
UVICORN = f"--log-level warning --no-access-log --app-dir {shlex.quote(LIBRARY)}"
QUIET = {
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "PYTHONWARNINGS": "ignore",  # deprecations in MLflow's own libraries
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # of evaluations by language models, which no sweep has
}


USUAL = "[MLflow] Security middleware enabled"  # said at each start, and no option leaves it out


def mlflow_beside(stack: ExitStack, store: Store, home: Path, port: int, err: Console) -> str:
    """Starts MLflow's UI on the embedded store, or names the server that is in use. Returns its address."""
    if not store.local:
        return _name_server(store, err)
    if store.file is not None and not store.file.exists():
        if not store.embedded or _tracked_elsewhere(home):
            return ""
        make_folder(home)
    return stack.enter_context(mlflow_ui(store, port, err))


def mlflow_of_cluster(store: Store, err: Console) -> str:
    """Names the server that tracks the sweeps of a cluster, if the environment does. Returns its address."""
    if not store.local:
        return _name_server(store, err)
    err.print("To have links to MLflow, set MLFLOW_TRACKING_URI to the server of the cluster.", soft_wrap=True)
    return ""


def _name_server(store: Store, err: Console) -> str:
    err.print(f"The sweeps are tracked by the MLflow server at {store.address}: open that address in a browser.")
    return store.address.rstrip("/")


def _tracked_elsewhere(home: Path) -> bool:
    """Whether there are sweeps, and all of them have begun with an MLflow server."""
    places = [config.tracking for _, config in sweeps_in(home)]
    return bool(places) and all(places)


@contextmanager
def mlflow_ui(store: Store, port: int, err: Console) -> Iterator[str]:
    """Runs the server as long as the block lasts. Yields its address; on `err` is told when it answers, or has ended.

    Raises:
        TunerError: the port is taken, or what the environment names is no store.
    """
    store.check()
    if _listens(port):
        raise TunerError(f"--port {port} is taken: choose another, such as --port {port + 1}")
    if store.embedded and store.file is not None and not store.file.exists():
        with err.status("Making MLflow's store"):
            store.prepare()
    command = [sys.executable, "-P", "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", store.uri, "--registry-store-uri", store.uri, "--uvicorn-opts", UVICORN]
    if store.artifacts:
        command += ["--artifacts-destination", store.artifacts]
    ending = Event()
    with _server(command) as process:
        Thread(target=_pass_on, args=(process.stderr, err), daemon=True).start()
        Thread(target=_watch, args=(process, port, err, ending), daemon=True).start()
        try:
            yield f"http://{HOST}:{port}"
        finally:
            ending.set()


def _watch(process: subprocess.Popen[str], port: int, err: Console, ending: Event) -> None:
    """Tells when the server answers, and when it has ended by itself."""
    while process.poll() is None and not _listens(port):
        if ending.wait(POLL_S):
            return
    if process.poll() is None:
        err.print(f"MLflow's UI: http://{HOST}:{port}")
    while process.poll() is None:
        if ending.wait(POLL_S):
            return
    if not ending.is_set():
        err.print(f"MLflow's UI has ended (exit status {process.returncode}): the page of sweeps goes on without it")


@contextmanager
def _server(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The process and its children, in a group of their own, which is stopped with this block, quietly by Ctrl-C."""
    process = subprocess.Popen(
        command, env={**os.environ, **QUIET}, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield process
    finally:
        signal.signal(signal.SIGTERM, before)
        with suppress(ProcessLookupError):  # all of them have ended
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _pass_on(lines: IO[str], err: Console) -> None:
    """What the server has to say is shown, but for the line that it always says."""
    for line in lines:
        if not line.startswith(USUAL):
            err.print(line.rstrip(), markup=False, soft_wrap=True)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
