"""Two ordinary users of one machine, with a /tmp of their own that no other process sees. Only root can make them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import processes
from support.common import BIN
from support.processes import Process
from support.small_disk import SmallDisk, hindrance, small_disk

TMP = Path("/tmp")
ROOT = Path(__file__).parents[2]
_OPEN = 'mount --bind "$1" /mnt && mount -t tmpfs -o mode=755 none "$2" && mkdir -p "$1" && mount --move /mnt "$1"'
SIZE = 1 << 30  # bytes of their /tmp


@dataclass(frozen=True)
class User:
    """Somebody with a home folder in that /tmp, which others may read."""

    name: str
    number: int
    machine: SmallDisk

    @property
    def home(self) -> Path:
        """As the user sees it."""
        return TMP / self.name

    @property
    def view(self) -> Path:
        """The home as the tests see it."""
        return self.machine.view / self.name

    def start(self, *arguments: str, environment: Mapping[str, str]) -> Process:
        """Starts `tuner ARGUMENTS` in the user's home. What the environment says of folders is left out."""
        kept = {k: v for k, v in environment.items() if not k.startswith(("RAY_TMP", "TMP", "XDG_"))}
        become = ["setpriv", f"--reuid={self.number}", f"--regid={self.number}", "--clear-groups"]
        there = ["env", f"--chdir={self.home}", f"HOME={self.home}", str(BIN / "tuner"), *arguments]
        return processes.start(self.machine.inside(*become, *there), folder=ROOT, environment=kept)


def lack() -> str:
    """Why there can be no two users here; empty when there can."""
    if os.getuid() != 0:
        return "only root can become two users"
    if shutil.which("setpriv") is None:
        return "setpriv missing"
    return "the tests lie in /tmp" if ROOT.is_relative_to(TMP) else hindrance()


@contextmanager
def two_users() -> Iterator[tuple[User, User]]:
    """Ann and Bob, as long as the block lasts."""
    with small_disk(TMP, SIZE) as machine:
        _open_the_way(machine)
        users = User("ann", 12345, machine), User("bob", 12346, machine)
        for user in users:
            user.view.mkdir()
            os.chown(user.view, user.number, user.number)
        yield users


def _open_the_way(machine: SmallDisk) -> None:
    """Lets them run this Python, which may lie in a folder of root's."""
    for needed in {ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}:
        closed = [folder for folder in needed.parents if not folder.stat().st_mode & stat.S_IXOTH]
        if closed:
            subprocess.run(machine.inside("sh", "-c", _OPEN, "sh", str(needed), str(closed[-1])), check=True)
