"""Who draws a sweep's report: one process at a time, and how it went is noted in the sweep's folder."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tuner.core.errors import disk_error_text, one_line
from tuner.core.files import write_atomic
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.lock import is_locked
from tuner.warm.hand_over import hand_over
from tuner.warm.mark import zygote

ENTRY = "tuner.sweeps.draw_report"
"""The module that the process of `draw_apart` runs."""


@contextmanager
def drawing(folder: SweepFolder, held: int | None = None) -> Iterator[list[str]]:
    """Draws as long as the block lasts; waits until no other process does. Notes an error of the block.

    Yields a list for what else a user should know. `held` is the file descriptor of a lock that `draw_apart` has taken
    for this process.
    """
    with ExitStack() as stack:
        if held is None:
            stack.enter_context(alone(folder))
        _note(folder, drawing=True)
        told: list[str] = []
        try:
            yield told
        except BaseException as error:
            _note(folder, failed=disk_error_text(error) or one_line(error))
            raise
        if told:
            _note(folder, told=told)
        else:
            folder.report_note.unlink(missing_ok=True)


@contextmanager
def alone(folder: SweepFolder) -> Iterator[int]:
    """Waits until no process draws the report, and lets none begin. The system ends this when this process dies.

    Yields the file descriptor of the lock.
    """
    with folder.report_lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def draw_apart(folder: SweepFolder, *, send: bool, embedded: bool) -> subprocess.Popen[bytes] | None:
    """Starts a process that draws the report, and that outlives this one and its terminal.

    It is no fork of this one: a process that has computed with torch has threads that a fork lacks. It may be a fork of
    the zygote; then None is returned. It has the lock from its first moment on.

    Args:
        folder: the sweep's.
        send: whether the report goes to MLflow.
        embedded: whether the store of MLflow is the one in the home folder.
    """
    environment = dict(os.environ)
    if embedded:  # MLflow has set it in this process
        environment.pop("MLFLOW_TRACKING_URI", None)
    words = [str(folder.path), "send" if send else "keep"]
    with alone(folder) as lock:
        _note(folder, drawing=True)
        try:
            with Path(os.devnull).open("r+b") as nowhere:
                streams = [nowhere.fileno()] * 3
                forked = zygote() and hand_over(
                    "report", zygote(), [ENTRY, *words], environment=environment, streams=streams, more=[lock]
                )
            if forked:
                return None
            return subprocess.Popen(
                [sys.executable, "-P", "-m", ENTRY, *words, str(lock)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[lock],
                start_new_session=True,
                env=environment,
            )
        except BaseException:
            folder.report_note.unlink(missing_ok=True)
            raise


def report_state(folder: SweepFolder) -> str:
    """What a user should know of the report: that it is being drawn, or what is wrong with it; else empty."""
    if is_locked(folder.report_lock):
        return "is being drawn"
    try:
        note = json.loads(folder.report_note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    again = f"; to make it again: tuner report {folder.name}"
    if note.get("failed"):
        return f"could not be made: {note['failed']}{again}"
    if note.get("told"):
        return f"{'; '.join(note['told'])}{again}"
    if is_locked(folder.report_lock):  # a process has begun in between
        return "is being drawn"
    return f"is not complete: the process that drew it was ended{again}"


def _note(folder: SweepFolder, **note: object) -> None:
    with suppress(OSError):  # the note only informs
        write_atomic(folder.report_note, lambda file: file.write(json.dumps(note).encode()))
