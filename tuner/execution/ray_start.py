"""Starts a Ray of this process alone: once more if that fails, and then it says what to do."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from platformdirs import user_cache_path
from ray._private import services
from ray.job_config import JobConfig

from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError, describe_disk_error, find_disk_error, one_line
from tuner.core.machine import gpu_count
from tuner.execution.forked_ray import ShapeError, adopt_environment
from tuner.execution.lean_ray import lean_ray, tell_shape, use_lean_actors
from tuner.execution.ray_folder import choose_folder
from tuner.warm.mark import zygote

LOCK_PATIENCE_S = 300.0  # after which a process no longer waits: the one before it may be suspended
LOCK_POLL_S = 0.1


@contextmanager
def machine_lock(what: str) -> Iterator[None]:
    """Waits until no other process does `what`. A process that dies loses its turn."""
    with ExitStack() as stack:
        with suppress(OSError):  # if nothing can be written, nobody waits
            folder = user_cache_path("tuner", ensure_exists=True)
            file = stack.enter_context((folder / f"{what}.lock").open("a"))
            until = time.monotonic() + LOCK_PATIENCE_S
            while not _lock_taken(file.fileno()) and time.monotonic() < until:
                time.sleep(LOCK_POLL_S)
        yield


def _lock_taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


TOKEN_BYTES = 32  # Ray asks for their hexadecimal digits


def ensure_token() -> None:
    """Creates the token of this user's own clusters if it is missing; nobody else may read it.

    Ray would create it with the permissions of the umask. And two first uses at the same time would overwrite each
    other's token, after half of the processes have read it.
    """
    if os.environ.get("RAY_AUTH_TOKEN"):
        return
    try:
        path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_token(path)
        path.chmod(0o600)
    except (OSError, RuntimeError):  # a read-only home, or none: then the token lives as long as this process
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(TOKEN_BYTES)


def _make_token(path: Path) -> None:
    """Writes a token, unless another process has been faster."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        new.touch(0o600)
        new.write_text(secrets.token_hex(TOKEN_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(new)
    finally:
        new.unlink(missing_ok=True)


class OwnPath(JobConfig):  # type: ignore[misc]
    """Keeps the folder where a command was typed off the path that workers import from: a file there is data.

    Ray would put it first, so that a user's own queue.py or tuner.py was run in each worker. It leaves it out where a
    job has a working folder, and asks that of this method alone.
    """

    def _runtime_env_has_working_dir(self) -> bool:
        return True


TRIES = 2
END_S = 10.0  # how long the processes of a Ray that did not start may take to be gone
_LOGS = "gcs_server.out and raylet.out"


def start_local(config: SweepConfig, *, dashboard: bool = False) -> str:
    """Starts a local cluster for this process alone, with one slot per trial.

    Args:
        config: the sweep's.
        dashboard: whether Ray's helpers start too, and its dashboard.

    Returns:
        The dashboard's address; empty without one.

    Raises:
        SweepError: it does not start, twice, or it never can.
    """
    keep_stdout_clean()
    ensure_token()
    adopt_environment()
    onwards = f"then: tuner resume {config.name}"
    folder = choose_folder(onwards)
    # Ray gives up if it does not start within 30 s, and ten that start at once on few cores take longer
    with machine_lock("ray"):
        lean = not dashboard and not gpu_count()
        for tried in range(1, TRIES + 1):
            started = _try_to_start(config, lean=lean, dashboard=dashboard)
            if isinstance(started, ShapeError):
                tell_shape(started)
                started = _try_to_start(config, lean=False, dashboard=dashboard)
            lean = False
            if isinstance(started, str):
                return started
            error = started
            reason = _final_reason(error, folder)
            if reason:
                raise SweepError(f"Ray cannot start: {reason}, {onwards}")
            if tried == TRIES:
                cause = re.split(r"[.:;] |\n", one_line(error), maxsplit=1)[0]
                logs = (folder / "session_latest").resolve() / "logs"
                raise SweepError(
                    f"Ray did not start, {TRIES} times ({cause}): end other programs if the machine is busy, or look "
                    f"at {_LOGS} in {logs}, {onwards}"
                )
    raise AssertionError


def _final_reason(error: Exception, folder: Path) -> str:
    """Why another attempt would fail alike, and what to do; empty where it may succeed."""
    if "AF_UNIX" in str(error):
        return f"the path of its folder {folder} is too long for sockets: set RAY_TMPDIR to a shorter one"
    disk = find_disk_error(error)
    if disk is None:
        return ""
    elsewhere = disk.filename and not str(disk.filename).startswith(str(folder))
    return f"{describe_disk_error(disk)}: {'mend that' if elsewhere else 'set RAY_TMPDIR to another folder'}"


def _try_to_start(config: SweepConfig, *, lean: bool, dashboard: bool) -> Exception | str:
    """Returns why Ray does not start; then all its processes have ended. Its dashboard's address when it runs.

    `lean` starts it without its helpers.
    """
    with ExitStack() as stack:
        started: list[subprocess.Popen[bytes]] = []
        try:
            leaner = stack.enter_context(lean_ray(zygote())) if lean else None
            stack.enter_context(_out_of_our_session(started, leaner))
            address = _init(config, dashboard=dashboard)
            if lean:
                use_lean_actors()
        except Exception as error:
            with suppress(Exception):  # of a Ray that is there in part
                ray.shutdown()
            _end(started)
            return error
    return address


_SETTINGS = {
    # No worker starts before a trial asks for one: Ray would start others while the first are not ready yet
    "enable_worker_prestart": False,
    "prestart_worker_first_driver": False,
    # The raylet often looks for its object store before that listens, and would look again after a second, ten times
    "raylet_client_connect_timeout_milliseconds": 20,
    "raylet_client_num_connect_attempts": 500,
}


def _init(config: SweepConfig, *, dashboard: bool) -> str:
    """Returns the dashboard's address; empty without one."""
    context = ray.init(
        address="local",
        job_config=OwnPath(),
        num_cpus=config.concurrency,
        num_gpus=gpu_count(),
        include_dashboard=dashboard,
        log_to_driver=False,
        logging_level="error",
        _system_config=_SETTINGS,
    )
    return f"http://{context.dashboard_url}" if dashboard else ""


def _end(started: list[subprocess.Popen[bytes]]) -> None:
    """Kills the processes, even if they hang, and those in their process groups."""
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for process in started:
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_S)


@contextmanager
def _out_of_our_session(
    started: list[subprocess.Popen[bytes]], leaner: Callable[[list[str]], list[str]] | None
) -> Iterator[None]:
    """Starts Ray's processes in sessions of their own: no signal to our process group or from our terminal gets there.

    Such a signal would end them before trials are saved. They still end with this process: Ray asks the kernel for
    that. Those that are started are added to the list; `leaner` changes their commands.
    """
    popen = services.ConsolePopen

    def start(command: list[str], *arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        command = leaner(command) if leaner else command
        process: subprocess.Popen[bytes] = popen(command, *arguments, start_new_session=True, **options)
        started.append(process)
        return process

    services.ConsolePopen = start
    try:
        yield
    finally:
        services.ConsolePopen = popen


def keep_stdout_clean() -> None:
    """Stops Ray from printing to stdout, next to our --json, that a worker was killed: log_to_driver does not."""
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
