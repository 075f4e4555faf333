"""Machines with a network, on this one: network namespaces behind a bridge, which count the bytes that each receives.

For a program that has a network of its own, see `enter_own_network`: nothing outside sees it, and nothing is left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.ray_cluster import Host

INSIDE = "TUNER_TEST_NETWORK"  # in the environment of a program that has a network of its own
NET = "10.77.0"
_KEEPER = "ip link set lo up && echo ready && exec cat"


@dataclass(frozen=True)
class Machine(Host):
    """One of them."""

    pid: int = 0
    """Of a process in it, which lives as long as it does."""
    cable: str = ""
    """The bridge's end of its network."""

    def slow_down(self, mbit: int) -> None:
        """From now on its network brings it at most so many megabits a second. Needs Debian's iproute2, with `tc`."""
        limit = ("tbf", "rate", f"{mbit}mbit", "burst", "4mb", "latency", "100ms")
        subprocess.run(["tc", "qdisc", "add", "dev", self.cable, "root", *limit], check=True)

    @property
    def received(self) -> int:
        """Bytes that have come over its network, with the headers of packets."""
        lines = Path(f"/proc/{self.pid}/net/dev").read_text(encoding="ascii").splitlines()
        [counters] = [line.partition(":")[2] for line in lines if line.strip().startswith("eth0:")]
        return int(counters.split()[0])


def hindrance() -> str:
    """Why there can be no such machines here; empty when there can."""
    missing = [name for name in ("unshare", "nsenter", "ip", "tc") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} missing"
    tried = subprocess.run(
        [*_unshare(), "ip", "link", "add", "bridge", "type", "bridge"], capture_output=True, check=False
    )
    return f"no network can be made: {tried.stderr.decode().strip()}" if tried.returncode else ""


def enter_own_network() -> None:
    """Runs this program anew in a network namespace of its own, unless it is in one already."""
    if os.environ.get(INSIDE) != "1":
        os.environ[INSIDE] = "1"
        os.execvp("unshare", [*_unshare(), sys.executable, *sys.argv])


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """So many, and a bridge by which they reach each other and this program."""
    _ip("link", "set", "lo", "up")
    _ip("link", "add", "bridge", "type", "bridge")
    _ip("addr", "add", f"{NET}.1/24", "dev", "bridge")
    _ip("link", "set", "bridge", "up")
    keepers: list[subprocess.Popen[str]] = []
    try:
        yield [_machine(keepers, number) for number in range(count)]
    finally:
        for keeper in keepers:
            keeper.communicate()


def _machine(keepers: list[subprocess.Popen[str]], number: int) -> Machine:
    command = ["unshare", "--net", "sh", "-c", _KEEPER]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    keepers.append(keeper)
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == "ready\n"
    address, cable = f"{NET}.{10 + number}", f"cable{number}"
    enter = ("nsenter", "--target", str(keeper.pid), "--net")
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(keeper.pid))
    _ip("link", "set", cable, "master", "bridge", "up")
    subprocess.run([*enter, "ip", "addr", "add", f"{address}/24", "dev", "eth0"], check=True)
    subprocess.run([*enter, "ip", "link", "set", "eth0", "up"], check=True)
    return Machine(address, enter, keeper.pid, cable)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _unshare() -> list[str]:
    return ["unshare", "--net", *([] if os.getuid() == 0 else ["--map-root-user"])]
