"""One `tuner up` for the commands of a whole session: a fork starts in a tenth of a second, a process in three."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support import processes
from support.common import BIN
from tuner.warm.place import SWITCH

IDLE = "10m"  # what nobody has ended, since a worker was killed, ends by itself


@contextmanager
def warm_commands(folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What a command's environment has besides, so that it is forked. All workers of a session give the same folder.

    The first one starts the zygote and the last one ends it. Where there can be none, commands start as usual.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    warm = {SWITCH: "1", "XDG_RUNTIME_DIR": str(folder)}

    def tell(*words: str) -> None:
        command = [str(BIN / "tuner"), *words]
        processes.start(command, folder=folder, environment={**environment, **warm}, leader=True).communicate()

    with _users(folder) as users:
        if not users:
            tell("up", "--idle", IDLE)
        users.append(os.getpid())
    try:
        yield warm
    finally:
        with _users(folder) as users:
            users.remove(os.getpid())
            if not users:
                tell("down")


@contextmanager
def _users(folder: Path) -> Iterator[list[int]]:
    """The processes that use it, which nobody else changes meanwhile."""
    with (folder / "users.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        users: list[int] = json.loads(file.read() or "[]")
        yield users
        file.truncate(0)
        json.dump(users, file)
