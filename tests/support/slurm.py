"""A Slurm of the tests' own: Debian's programs, two nodes on this machine, all of it in one folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path

import pytest

from support.common import free_port
from support.processes import Process, end, start, wait_until

NODES = ("n1", "n2")
START_S = 60.0
WAIT_S = 400.0
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
_CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdSpoolDir={folder}/%n
StateSaveLocation={folder}/state
SlurmdTimeout=10
KillWait=10
ReturnToService=2
PartitionName=main Nodes=ALL Default=YES State=UP
"""


@dataclass(kw_only=True)
class Slurm:
    """A controller and two nodes, each with one CPU."""

    folder: Path
    running: dict[str, Process] = field(default_factory=dict)

    @property
    def client(self) -> dict[str, str]:
        """The variable by which commands find it."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def ask(self, *command: str) -> str:
        """What a command of Slurm prints."""
        done = subprocess.run(command, env={**os.environ, **self.client}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def job(self, number: str) -> dict[str, str]:
        """A job, as `scontrol` shows it."""
        words = self.ask("scontrol", "show", "job", "-o", number).split()
        return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}

    def lose(self, node: str) -> None:
        """Kills all that runs on a node, as if its machine were switched off."""
        self.running[node].kill()
        for number in _processes_of(node, self.folder):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def start(self, name: str, *command: str) -> None:
        """Starts one of its programs."""
        log = self.folder / f"{name}.log"
        environment = {**os.environ, **self.client}
        process = start(command, folder=self.folder, environment=environment, output=log, leader=True)
        self.running[name] = process


def _processes_of(node: str, folder: Path) -> list[int]:
    """The processes of a node's steps, and the ones of Slurm that watch over them."""
    found, parents = [], set()
    marks = {f"SLURMD_NODENAME={node}", f"SLURM_CONF={folder}/slurm.conf"}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marks <= set((process / "environ").read_text(errors="replace").split("\0")):
                found.append(int(process.name))
                parents.add(int((process / "stat").read_text().rpartition(")")[2].split()[1]))
    watching = [each for each in parents if _name(each) == "slurmstepd"]
    return [*watching, *found]


def _name(number: int) -> str:
    try:
        return Path(f"/proc/{number}/comm").read_text().strip()
    except OSError:
        return ""


@contextmanager
def slurm(folder: Path) -> Iterator[Slurm]:
    """Starts it, and ends it with all its jobs. Skips the test where Slurm is not installed."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)} here: apt-get install munge slurmctld slurmd slurm-client")
    _configure(folder)
    found = Slurm(folder=folder)
    try:
        key = (f"--{name}={folder}/munge.{name.removesuffix('-file')}" for name in ("key-file", "socket", "seed-file"))
        logs = (f"--{name}={folder}/munged.{name}" for name in ("pid-file", "log-file"))
        found.start("munged", "munged", "--foreground", "--force", *key, *logs)
        assert wait_until((folder / "munge.socket").exists, found.running["munged"], timeout=START_S), _logs(folder)
        found.start("slurmctld", "slurmctld", "-D")
        for node in NODES:
            found.start(node, "slurmd", "-D", "-N", node)
        idle = wait_until(lambda: _idle(found) == len(NODES), found.running["slurmctld"], timeout=START_S, poll=0.5)
        assert idle, _logs(folder)
        yield found
    finally:
        for node in NODES:
            for number in _processes_of(node, folder):
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        for process in reversed(found.running.values()):
            end(process, group=True)


def _configure(folder: Path) -> None:
    for name in ("state", *NODES):
        (folder / name).mkdir()
    (folder / "munge.key").touch(mode=0o600)
    (folder / "munge.key").write_bytes(secrets.token_bytes(1024))
    host = socket.gethostname().partition(".")[0]
    lines = [_CONFIGURATION.format(host=host, port=free_port(), user=getuser(), folder=folder)]
    lines += [f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={free_port()} CPUs=1\n" for node in NODES]
    (folder / "slurm.conf").write_text("".join(lines), encoding="utf-8")


def _idle(found: Slurm) -> int:
    try:
        return found.ask("sinfo", "--noheader", "--Node", "--format=%t").split().count("idle")
    except AssertionError:
        return 0


def _logs(folder: Path) -> str:
    return "\n".join(f"{path.name}:\n{path.read_text(errors='replace')}" for path in folder.glob("*.log"))
