"""How a sweep reaches its store, and what is said when it does not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tuner.core.config import SweepConfig
from tuner.tracking.retry import LOCKED, error_cause
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
    return _locked(file, list(_holders(file))) if file and LOCKED in cause else cause


def lock_of(file: Path | None) -> str:
    """That another process of this machine has locked the file now, in a line; empty if none has, or without a file."""
    holders = list(_holders(file)) if file else []
    return _locked(file, holders) if file and holders and _is_locked(file) else ""


def _locked(file: Path, holders: Sequence[str]) -> str:
    return f"{file} is locked by {', '.join(holders[:_MOST]) or 'a process of another user or machine'}"


def _is_locked(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return LOCKED in str(error)
    return False


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
