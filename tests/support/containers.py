"""docker/compose.yaml with containers: Docker or podman, whichever is there, and a project of the tests' own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.compose import make_secrets
from support.processes import wait_until

ROOT = Path(__file__).parents[2]
PARTS = ("docker", "tuner", "models", "datasets", "search_spaces")
FILES = ("pyproject.toml", "requirements.lock", "README.md", "LICENSE")
LISTEN = "127.0.0.2"  # a service of somebody who works here may have the ports of 127.0.0.1
IMAGE = "tuner:cpu"
WAIT_S = 600.0
WORKERS = 2
_SIZE = {"WORKERS": str(WORKERS), "WORKER_CPUS": "1", "WORKER_MEMORY": "4gb", "OBJECT_STORE_BYTES": "200000000"}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What runs containers on this machine."""

    program: str
    compose: tuple[str, ...]

    @classmethod
    def here(cls) -> Engine:
        """Skips the test where there is none."""
        why = []
        for program, compose in (("docker", ("docker", "compose")), ("podman", ("podman-compose",))):
            for command in ((program, "info"), (*compose, "version")):
                if shutil.which(command[0]) is None or _run(command).returncode:
                    why.append(f"`{' '.join(command)}` fails")
                    break
            else:
                return cls(program=program, compose=compose)
        pytest.skip(f"no container engine here: {', '.join(why)}")


@dataclass(kw_only=True)
class Stack:
    """The services, from a copy of this checkout."""

    engine: Engine
    folder: Path
    project: str
    secrets: dict[str, str] = field(repr=False)

    dashboard = f"http://{LISTEN}:8265"
    mlflow = f"http://{LISTEN}:5000"

    def compose(self, *words: str, given: bytes | None = None) -> bytes:
        """A command of Compose, as docker/README.md has them, for this project."""
        file = ("-f", "docker/compose.yaml", "-p", self.project)
        return self.run(*self.engine.compose, *file, *words, given=given)

    def answers(self, *words: str) -> bool:
        """Whether a command of Compose succeeds."""
        file = ("-f", "docker/compose.yaml", "-p", self.project)
        return _run((*self.engine.compose, *file, *words), folder=self.folder).returncode == 0

    def run(self, *command: str, given: bytes | None = None) -> bytes:
        """A command in the folder of the copy. Fails the test with what it has printed. Returns its stdout."""
        done = _run(command, folder=self.folder, given=given)
        assert done.returncode == 0, f"{shlex.join(command)}\n{(done.stdout + done.stderr).decode(errors='replace')}"
        return done.stdout

    def build(self) -> None:
        """Builds the image. DEVICE, and BUILD_OPTIONS for the engine's own `build`, are those of the environment."""
        device = os.environ.get("DEVICE", "cpu")
        options = shlex.split(os.environ.get("BUILD_OPTIONS", ""))
        words = ("-f", "docker/Dockerfile", "--build-arg", f"DEVICE={device}", "-t", IMAGE, ".")
        self.run(self.engine.program, "build", *options, *words)

    def containers(self, service: str) -> list[str]:
        """The ids of those of a service that run."""
        labels = (f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}")
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        return self.run(self.engine.program, "ps", "--quiet", *filters).decode().split()

    def wait(self, true: Callable[[], object], what: str) -> None:
        """Until it is true. Fails the test with what the services have printed."""
        if not wait_until(true, timeout=WAIT_S, poll=1.0):
            logs = self.compose("logs").decode(errors="replace")
            pytest.fail(f"not in {WAIT_S:.0f} s: {what}\n{logs[-20000:]}")

    def up(self, *options: str) -> None:
        """Starts what does not run, and waits until MLflow answers and the head has its workers."""
        self.compose("up", "--detach", "--no-build", *options)
        self.wait(lambda: self.ask_mlflow("experiments/search", {"max_results": 1}), "MLflow answers")
        self.wait(lambda: len(self.nodes()) == WORKERS + 1, f"the head has {WORKERS} workers")

    def nodes(self) -> list[str]:
        """The ids of Ray's nodes."""
        answer = ask(f"{self.dashboard}/api/v0/nodes?detail=1", {"Authorization": self.bearer})
        found = answer["data"]["result"]["result"] if isinstance(answer, dict) else []
        return [node["node_id"] for node in found if node["state"] == "ALIVE"]

    def ask_mlflow(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to a request of MLflow's REST API."""
        found = ask(f"{self.mlflow}/api/2.0/mlflow/{path}", {"Authorization": self.basic}, body)
        return found if isinstance(found, dict) else None

    @property
    def bearer(self) -> str:
        """The token, as Ray's API takes it."""
        return f"Bearer {self.secrets['RAY_AUTH_TOKEN']}"

    @property
    def basic(self) -> str:
        """The login of MLflow's admin."""
        pair = f"{self.secrets['MLFLOW_TRACKING_USERNAME']}:{self.secrets['MLFLOW_TRACKING_PASSWORD']}"
        return f"Basic {b64encode(pair.encode()).decode()}"


def ask(url: str, headers: Mapping[str, str], body: object = None) -> Any:
    """The answer, or the status of a refusal. Raises OSError where nobody answers."""
    kind = {"Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, {**kind, **headers}), timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except ValueError as error:
        raise OSError(f"{url}: no JSON") from error


@contextmanager
def containers(folder: Path) -> Iterator[Stack]:
    """A copy of this checkout with its secrets; at the end its containers, volumes and networks are removed."""
    engine = Engine.here()
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".env"))
    for file in FILES:
        shutil.copy2(ROOT / file, folder)
    values = make_secrets(folder / "docker")
    with (folder / "docker" / ".env").open("a", encoding="utf-8") as written:
        more = {**_SIZE, "LISTEN": LISTEN, "MORE_HOSTS": f",{LISTEN}:*"}
        written.writelines(f"{name}={value}\n" for name, value in more.items())
    stack = Stack(engine=engine, folder=folder, project=f"tuner-proof-{os.getpid()}", secrets=values)
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "10")
        left = (
            stack.run(engine.program, "volume", "ls", "--quiet", "--filter", f"name={stack.project}_").decode().split()
        )
        if left:  # podman-compose leaves the one whose name is the default of a variable
            stack.run(engine.program, "volume", "rm", *left)


def _run(
    command: tuple[str, ...], folder: Path = ROOT, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=folder, input=given or b"", capture_output=True, check=False)
