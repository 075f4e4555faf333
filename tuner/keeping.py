"""A trial's checkpoint beyond its node, in the sweep's storage, which may not answer for a while.

What could not be kept stays on the node, and is kept as soon as the storage answers a worker there again.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from tuner.checkpoint_file import FILE, latest
from tuner.errors import one_line
from tuner.storage import Storage

KEPT = "kept.pt"  # what the storage had when the trial came to this node
LIVE, UNKEPT = "live", "unkept"  # mark folders: the worker that has the trial now; the storage lacks its checkpoint
AT_ONCE: Sequence[float] = ()
PATIENT = (1.0, 2.0, 3.0)  # seconds between attempts to keep what others wait for
INSISTENT = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # and to bring what a trial goes on from

T = TypeVar("T")


class Keeper:
    """Keeps the checkpoints of a trial, and brings them to the node that it goes on on."""

    def __init__(self, storage: Storage, folder: Path) -> None:
        """The trial's folder on this node is called like its number."""
        self._storage = storage
        self._folder = folder
        self._number = int(folder.name)

    def bring(self) -> str:
        """Puts what is kept of the trial into its folder, as KEPT. Returns why it could not; empty when it could."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / LIVE).write_text(str(os.getpid()))
        try:
            attempt(partial(self._storage.get, self._number, self._folder / KEPT), INSISTENT)
        except Exception as error:
            return f"the storage of checkpoints does not answer ({one_line(error)})"
        return ""

    def keep(self, epoch: int, pauses: Sequence[float]) -> None:
        """Keeps an epoch's checkpoint. A storage that is away costs no trial; it is asked again after these pauses."""
        (self._folder / UNKEPT).touch()
        with suppress(Exception):
            attempt(partial(self._storage.put, self._number, epoch, self._folder / FILE), pauses)
            (self._folder / UNKEPT).unlink()
            self._keep_others()

    def _keep_others(self) -> None:
        """Keeps what other trials have left on this node; where they have come further elsewhere, that stays theirs."""
        for mark in self._folder.parent.glob(f"*/{UNKEPT}"):
            folder = mark.parent
            if _is_live(folder):
                continue
            with suppress(Exception):  # it may be damaged, and others are not
                epoch, file = latest(folder)
                self._storage.put(int(folder.name), epoch, file)
                if not _is_live(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_live(folder: Path) -> bool:
    """Whether a worker has the trial: it has written its process id, and has not been killed."""
    try:
        os.kill(int((folder / LIVE).read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def leave(folder: Path) -> None:
    """A trial leaves this node, at least for now. Its folder goes, unless the storage lacks what is in it."""
    (folder / LIVE).unlink(missing_ok=True)
    if not (folder / UNKEPT).exists():
        shutil.rmtree(folder, ignore_errors=True)


def attempt(action: Callable[[], T], pauses: Sequence[float]) -> T:
    """Does something, once more after each of these pauses while it fails. Raises what the last attempt raises."""
    for pause in pauses:
        try:
            return action()
        except Exception:
            time.sleep(pause)
    return action()
