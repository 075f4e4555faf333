"""How a sweep reaches its store, and what is said when it does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tuner.core.config import SweepConfig
from tuner.tracking.retry import error_cause
from tuner.tracking.store import Store

if TYPE_CHECKING:
    from tuner.tracking.runs import MlflowSweep


class StoreWords(NamedTuple):
    """What is said of a store that does not do what is wanted."""

    away: str
    again: str
    slow: str


SERVER_WORDS = StoreWords("MLflow does not answer", "MLflow answers again", "the answers take too long")
FILE_WORDS = StoreWords(
    "MLflow's file cannot be written",
    "MLflow's file can be written again",
    "the machine is too busy to write MLflow's file",
)
LOCKED = "database is locked"  # sqlite's words
_MOST = 3  # processes that are named


def connect_sweep(store: Store, config: SweepConfig, began: float, heard: Callable[[], None]) -> MlflowSweep:
    """The sweep's runs in MLflow, made or found. `began` is in seconds since 1970; each answer is `heard`."""
    from tuner.tracking.runs import MlflowSweep  # noqa: PLC0415 - imports MLflow, which takes seconds

    store.prepare()
    sweep = MlflowSweep(store, config, began, heard=heard)
    sweep.begin()
    return sweep


def explain(error: BaseException, file: Path | None) -> str:
    """The cause of an error in one line; for a database in a file that is locked, with the processes that hold it."""
    cause = error_cause(error)
    if file is None or LOCKED not in cause:
        return cause
    holders = list(_holders(file))[:_MOST]
    return f"{file} is locked by {', '.join(holders) or 'a process of another user or machine'}"


def _holders(file: Path) -> Iterator[str]:
    """The other processes of this machine that have the file open, as far as we may see them."""
    try:
        wanted = file.stat()
    except OSError:
        return
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()) and _has_open(process, wanted):
            yield f"process {process.name} ({_name(process)})"


def _has_open(process: Path, wanted: os.stat_result) -> bool:
    try:
        return any(os.path.samestat(link.stat(), wanted) for link in (process / "fd").iterdir())
    except OSError:  # it is another user's, or has just ended
        return False


def _name(process: Path) -> str:
    try:
        words = (process / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return "which has just ended"
    return " ".join([Path(words[0]).name, *words[1:]]).strip()[:60]
