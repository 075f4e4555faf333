"""docker/compose.yaml without containers: its services as processes of this machine, with their own commands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.common import free_port
from support.postgres import postgres
from support.processes import Process, end, start, wait_until
from support.workers import ray_worker_ports

DOCKER = Path(__file__).parents[2] / "docker"
START_S = 120.0
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
_OWN = (52365, 8080)  # ports that each container has for itself
_SHARED = (5432, 5000, 6379, 8265, 8700)
_SMALL = {"WORKER_CPUS": "1", "OBJECT_STORE_BYTES": "100000000"}


def read_compose(name: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """A compose file with its variables filled in. Raises KeyError for one that has neither a value nor a default."""

    def fill(found: re.Match[str]) -> str:
        return variables.get(found["name"], found["rest"]) if found["kind"] == "-" else variables[found["name"]]

    read: dict[str, Any] = yaml.safe_load(VARIABLE.sub(fill, (DOCKER / name).read_text(encoding="utf-8")))
    return read


def read_manifests() -> dict[tuple[str, str], Any]:
    """The objects of kuberay.yaml by kind and name."""
    documents = yaml.safe_load_all((DOCKER / "kuberay.yaml").read_text(encoding="utf-8"))
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


def make_secrets(folder: Path) -> dict[str, str]:
    """What docker/secrets.sh makes in `folder`, where a copy of it is run."""
    shutil.copy2(DOCKER / "secrets.sh", folder)
    subprocess.run(["sh", str(folder / "secrets.sh")], check=True, capture_output=True)
    return dict(line.split("=", 1) for line in (folder / ".env").read_text().splitlines())


def image_environment() -> dict[str, str]:
    """What the Dockerfile's last ENV sets, but for what depends on the image's folders."""
    last = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").split("\nENV ")[-1].splitlines()[0]
    found = dict(word.split("=", 1) for word in shlex.split(last))
    return {name: value for name, value in found.items() if name not in ("HOME", "PATH")}


@dataclass(kw_only=True)
class Service:
    """A service that runs."""

    process: Process
    environment: dict[str, str]
    log: Path

    def stop(self) -> None:
        """As Docker does: SIGTERM to its first process, SIGKILL to all when that does not help."""
        end(self.process, group=True)


@dataclass(kw_only=True)
class Compose:
    """The services. Host names are 127.0.0.1 here, ports are free ones, volumes lie in `folder`."""

    folder: Path
    secrets: dict[str, str] = field(repr=False)
    ports: dict[int, int]
    file: dict[str, Any] = field(repr=False)
    running: dict[str, Service] = field(default_factory=dict)

    @property
    def mlflow(self) -> str:
        return f"http://127.0.0.1:{self.ports[5000]}"

    @property
    def dashboard(self) -> str:
        return f"http://127.0.0.1:{self.ports[8265]}"

    def start(self, name: str) -> None:
        """Starts a service by its own command and waits until its own health check succeeds."""
        service, own = self.file["services"][name], {port: free_port() for port in _OWN}
        home = self.folder / name
        home.mkdir()
        environment = {**image_environment(), **service.get("environment", {})}
        environment = {variable: self._here(value, service, own) for variable, value in environment.items()}
        environment |= {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        command = [self._here(word, service, own) for word in service["command"]]
        if command[0] == "ray":
            command += self._several_nodes_on_one_host(home)
        log = home / "out.txt"
        process = start(command, folder=home, environment=environment, output=log, leader=True)
        self.running[name] = Service(process=process, environment=environment, log=log)

        def healthy() -> bool:
            return self.check(name, environment, own).returncode == 0

        assert wait_until(healthy, process, timeout=START_S, poll=0.5), log.read_text()

    def check(
        self, name: str, environment: Mapping[str, str], own: Mapping[int, int] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs a service's health check. `own` maps the ports that it shares with no other service."""
        service = self.file["services"][name]
        words = [self._here(word, service, own or {}) for word in service["healthcheck"]["test"][1:]]
        return subprocess.run(words, env=environment, capture_output=True, check=False)

    def _here(self, text: object, service: dict[str, Any], own: Mapping[int, int]) -> str:
        """A word of the file, for this machine. Ports stand after : or =, so that no password is taken for one."""
        names = "|".join(self.file["services"])
        here = re.sub(rf"\b({names}):(?=\d)", "127.0.0.1:", str(text)).replace("0.0.0.0", "127.0.0.1")
        for old, new in {**self.ports, **own}.items():
            here = re.sub(rf"(?<=[:=]){old}\b", str(new), here)
        here = here.replace("/opt/tuner/", f"{DOCKER}/")
        for volume in service.get("volumes", []):
            source, *target = volume.split(":")
            if target:
                (self.folder / "volumes" / source).mkdir(parents=True, exist_ok=True)
                here = re.sub(rf"(?<![^=]){target[0]}$", str(self.folder / "volumes" / source), here)
        return here

    def _several_nodes_on_one_host(self, home: Path) -> list[str]:
        names = ("dashboard-agent-grpc-port", "runtime-env-agent-port", "ray-client-server-port")
        ports = [f"--{name}={free_port()}" for name in names[: 3 if home.name == "head" else 2]]
        ports += ray_worker_ports(len(self.running))
        return [*ports, f"--temp-dir={home}", "--node-ip-address=127.0.0.1"]


@contextmanager
def composed(folder: Path) -> Iterator[Compose]:
    """All services without a profile, each started when those that it depends on are healthy; ended in opposite order.

    Skips the test where there is no PostgreSQL, and fails it where CI is set.
    """
    values = make_secrets(folder)
    with postgres(folder) as database:
        values |= {"POSTGRES_PASSWORD": database.password, "POSTGRES_USER": database.user}
        file = read_compose("compose.yaml", {**values, **_SMALL})
        ports = {port: free_port() for port in _SHARED} | {5432: database.port}
        short = Path(tempfile.mkdtemp(prefix="dc", dir="/tmp" if Path("/tmp").is_dir() else None))  # Ray's sockets
        compose = Compose(folder=short, secrets=values, ports=ports, file=file)
        database.create_database(file["services"]["postgres"]["environment"]["POSTGRES_DB"])
        with database.connect() as connection:
            connection.execute((DOCKER / "logins.sql").read_bytes())
        compose.check("postgres", {"PATH": os.environ["PATH"]}).check_returncode()
        try:
            started = ["postgres"]
            always = [name for name, service in file["services"].items() if "profiles" not in service]
            while waiting := [name for name in always if name not in started]:
                name = next(n for n in waiting if set(file["services"][n]["depends_on"]) <= set(started))
                compose.start(name)
                started.append(name)
            yield compose
        finally:
            for service in reversed(compose.running.values()):
                service.stop()
            shutil.rmtree(short, ignore_errors=True)
