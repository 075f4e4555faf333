"""Ray clusters of several processes on this machine, as `ray start` makes them on several."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.common import free_port
from support.processes import Process, end, start, wait_until
from support.workers import ray_worker_ports

BIN = Path(sys.executable).parent
PLACES = """--resources={"tuner": 1}"""  # as docker/ starts nodes
START_S = 120.0


@dataclass(frozen=True)
class Host:
    """Where a node runs: on this machine itself, or in a network namespace of it, see `machines`."""

    address: str = "127.0.0.1"
    enter: tuple[str, ...] = ()
    """The words before a command that runs there."""


HERE = Host()


@dataclass(kw_only=True)
class Node:
    """A head or a worker: a `ray start --block`, with a folder of its own."""

    process: Process
    folder: Path

    def stop(self) -> None:
        """Ends it the way its machine would be shut down."""
        end(self.process)


@dataclass(kw_only=True)
class Cluster:
    """A head, and workers when they are added."""

    folder: Path
    token: str
    head: Host
    gcs: int
    dashboard: int
    environment: dict[str, str]
    """Of the processes of the cluster."""
    bin: Path
    """The programs of its Python environment."""
    nodes: list[Node] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where jobs are submitted."""
        return f"http://{self.head.address}:{self.dashboard}"

    @property
    def client(self) -> dict[str, str]:
        """The environment of somebody who may use it from outside."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    def ask(self, path: str) -> dict[str, object]:
        """The answer of the dashboard."""
        request = urllib.request.Request(f"{self.address}{path}", headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    def put(self, path: str, body: object) -> None:
        """Sends something to the dashboard."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}{path}", json.dumps(body).encode(), headers, method="PUT")
        urllib.request.urlopen(request, timeout=60).close()

    def metrics(self) -> str:
        """What Prometheus reads, from the targets that Ray names to it."""
        [found] = self.folder.glob("n*/session_2*/prom_metrics_service_discovery.json")
        targets = [target for group in json.loads(found.read_text()) for target in group["targets"]]
        pages = [urllib.request.urlopen(f"http://{target}/metrics", timeout=10) for target in targets]
        return "".join(page.read().decode() for page in pages)

    def add(self, *, cpus: int, gpus: int = 0, host: Host = HERE) -> Node:
        """Starts a worker and waits until the head knows it."""
        wanted = len(self.alive()) + 1
        options = [f"--address={self.head.address}:{self.gcs}", *self._ports(host), f"--num-cpus={cpus}", PLACES]
        node = self._start(host, [*options, *([f"--num-gpus={gpus}"] if gpus else [])])
        self._wait(node, lambda: len(self.alive()) >= wanted)
        return node

    def alive(self) -> list[str]:
        """The ids of the nodes that the head takes for alive."""
        return [row["node_id"] for row in self._rows() if row["state"] == "ALIVE"]

    def addresses(self) -> dict[str, str]:
        """The address of each node, by its id."""
        return {row["node_id"]: row["node_ip"] for row in self._rows()}

    def _rows(self) -> list[dict[str, str]]:
        answer = self.ask("/api/v0/nodes?detail=1")
        rows: list[dict[str, str]] = answer["data"]["result"]["result"]  # type: ignore[index]
        return rows

    def _start(self, host: Host, options: list[str]) -> Node:
        folder = Path(tempfile.mkdtemp(prefix="n", dir=self.folder))
        process = start(
            [
                *host.enter,
                self.bin / "ray",
                "start",
                "--block",
                f"--temp-dir={folder}",
                "--disable-usage-stats",
                *options,
            ],
            folder=folder,
            environment={**self.environment, "HOME": str(folder), "TMPDIR": str(folder)},
            output=folder / "out.txt",
            leader=True,
        )
        node = Node(process=process, folder=folder)
        self.nodes.append(node)
        return node

    def _ports(self, host: Host) -> list[str]:
        names = ("dashboard-agent-listen-port", "dashboard-agent-grpc-port", "runtime-env-agent-port")
        ports = [f"--{name}={free_port()}" for name in (*names, "metrics-export-port")]
        return [*ports, *ray_worker_ports(len(self.nodes) + 1), f"--node-ip-address={host.address}"]

    def _wait(self, node: Node, true: Callable[[], bool]) -> None:
        assert wait_until(true, node.process, timeout=START_S), (node.folder / "out.txt").read_text()


@contextmanager
def ray_cluster(
    *,
    cpus: int,
    gpus: int = 0,
    environment: Mapping[str, str] | None = None,
    programs: Path = BIN,
    host: Host = HERE,
) -> Iterator[Cluster]:
    """A head with a dashboard and token authentication; ends with all its nodes."""
    folder = Path(tempfile.mkdtemp(prefix="rc", dir="/tmp" if Path("/tmp").is_dir() else None))
    token = secrets.token_hex(32)
    keep = ("PATH", "LANG", "LC_ALL", "TUNER_DATA", "OMP_WAIT_POLICY", "UV_CACHE_DIR", "CI")
    inherited = {name: os.environ[name] for name in keep if name in os.environ}
    inherited["PATH"] = f"{programs}:{inherited.get('PATH', '')}"
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"}
    cluster = Cluster(
        folder=folder,
        token=token,
        head=host,
        gcs=free_port(),
        dashboard=free_port(),
        environment={**inherited, **secret, **(environment or {})},
        bin=programs,
    )
    try:
        options = ["--head", f"--port={cluster.gcs}", f"--dashboard-host={host.address}", *cluster._ports(host)]
        options += [f"--dashboard-port={cluster.dashboard}", f"--ray-client-server-port={free_port()}"]
        options += [f"--num-cpus={cpus}", PLACES]
        options += [f"--num-gpus={gpus}"] if gpus else []
        head = cluster._start(host, options)
        cluster._wait(head, lambda: len(cluster.alive()) >= 1)
        yield cluster
    finally:
        for node in reversed(cluster.nodes):
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)
