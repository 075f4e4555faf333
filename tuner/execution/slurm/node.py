"""`python -m tuner.execution.slurm.node HOST:PORT [--head]`: a node of Ray, in a job of Slurm, until SIGTERM.

Several jobs may share a machine: each node has ports and a folder of its own, and what Slurm gave to the job.
`ray symmetric-run` would do neither: it refuses a machine where another Ray runs, and its `ray stop` ends all that run
there, those of other jobs too.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from tuner.core.files import tuner_home
from tuner.execution.ray_folder import ray_disk
from tuner.execution.resources import WORKER_SLOTS

RAY = (sys.executable, "-P", "-m", "ray.scripts.scripts")
END = signal.SIGUSR1  # `srun` passes this on to its task; on SIGTERM it has the task killed
END_S = 20.0
TRY_S = 240.0  # less than others wait for the node, see `allocation`
LEAST_STORE = 100_000_000  # bytes
_GPUS = ("SLURM_GPUS_ON_NODE", "SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


def own_address() -> str:
    """The IP address of this node, as Slurm's other nodes reach it."""
    name = os.environ.get("SLURMD_NODENAME", socket.gethostname())
    shown = subprocess.run(["scontrol", "show", "node", "-o", name], capture_output=True, text=True, check=False).stdout
    found = [word.partition("=")[2] for word in shown.split() if word.startswith("NodeAddr=")]
    host = next(iter(found), name)
    address = socket.gethostbyname(host)
    return _outward() if address.startswith("127.") and address != host else address


def _outward() -> str:
    """Many machines call themselves 127.0.1.1. This asks for the address that a packet to elsewhere would have."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return str(asked.getsockname()[0])


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        return int(listener.getsockname()[1])


def start_options(environment: Mapping[str, str]) -> list[str]:
    """What of this machine is the job's, as options of `ray start`."""
    options = [f'--resources={{"{WORKER_SLOTS}": 1}}']
    if cpus := environment.get("SLURM_CPUS_ON_NODE"):
        options.append(f"--num-cpus={cpus}")
    if not any(environment.get(name) for name in _GPUS):
        options.append("--num-gpus=0")  # otherwise Ray takes all that it sees
    megabytes = int(environment.get("SLURM_MEM_PER_NODE") or 0)
    megabytes = megabytes or int(environment.get("SLURM_MEM_PER_CPU") or 0) * int(cpus or 1)
    if megabytes:
        options.append(f"--object-store-memory={_store(megabytes << 20)}")
    return options


def _store(memory: int) -> int:
    """Ray's own share, 30%, of the job's memory, and not of the machine's; in bytes."""
    shared = shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else memory
    return max(LEAST_STORE, min(memory * 3 // 10, shared * 8 // 10))


def _command(address: str, folder: str, *, head: bool) -> list[str]:
    port = address.rpartition(":")[2]
    own = ("dashboard-agent-listen-port", "dashboard-agent-grpc-port", "runtime-env-agent-port", "metrics-export-port")
    place = [f"--address={address}"]
    if head:
        place = ["--head", f"--port={port}", "--include-dashboard=false"]
        place += [f"--{name}={free_port()}" for name in ("ray-client-server-port", "dashboard-port")]
    return [
        *(*RAY, "start", "--block", "--disable-usage-stats", *place, f"--node-ip-address={own_address()}"),
        *(f"--{name}={free_port()}" for name in own),
        *("--min-worker-port=0", "--max-worker-port=0", f"--temp-dir={folder}"),
        *start_options(os.environ),
    ]


def main() -> int:
    """Runs the node. Returns the exit status."""
    address, head = sys.argv[1], "--head" in sys.argv[2:]
    if not tuner_home().is_dir():
        name = os.environ.get("SLURMD_NODENAME", socket.gethostname())
        sys.stderr.write(
            f"error: {name} does not see {tuner_home()}: TUNER_HOME must be a folder that all nodes share\n"
        )
        return 2
    folder = mkdtemp(prefix=f"tuner-{os.environ.get('SLURM_JOB_ID', '')}-", dir=ray_disk())
    try:
        return _run(address, folder, head=head)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(address: str, folder: str, *, head: bool) -> int:
    """Ray gives itself 30 s to start, which is too little on a busy machine: then it is started again.

    One that ends later is not: the sweep goes on without it.
    """
    stopped, code = False, 1
    process: subprocess.Popen[bytes] | None = None

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        if process is not None:
            process.terminate()

    for each in (END, signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    deadline = time.monotonic() + TRY_S
    while not stopped and (process is None or time.monotonic() < deadline):
        command = _command(address, folder, head=head)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        code = process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it has left
        if code == 0:
            break
    return code


if __name__ == "__main__":
    sys.exit(main())
