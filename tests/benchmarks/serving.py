"""`tuner serve` beside `mlflow models serve`: the same registered model, the same requests, one image in each.

Both servers are up; they are asked in turn, so that other work on the machine slows both alike. Each has its defaults.
The load comes from a process of its own on the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import pages
from load import Load
from support.common import BIN, free_port
from support.processes import end, start, wait_until
from support.serving import JSON, ask

START_S = 300.0
SHOWN = ("per_second", "p50_ms", "p99_ms", "cpu_ms")
OURS, THEIRS = "tuner serve", "mlflow models serve"


def main() -> None:
    """Prints a line for each number of clients: the medians of all rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a TUNER_HOME with the model; else one is trained")
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--clients", default="1,16,64")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write everything that was measured")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        home = given.home or _trained(given.dataset, given.model, Path(scratch))
        environment = {**os.environ, "TUNER_HOME": str(home), "TUNER_WARM": "0"}
        pair = f"{given.dataset}-{given.model}"
        servers = {
            OURS: stack.enter_context(_ours(pair, Path(scratch), environment)),
            THEIRS: stack.enter_context(_theirs(pair, home, Path(scratch), environment)),
        }
        body = _body(given.dataset)
        _check_alike(servers, body)
        found: dict[str, dict[int, list[Load]]] = {name: {} for name in servers}
        for _ in range(given.rounds):
            for clients in map(int, given.clients.split(",")):
                for name, server in servers.items():
                    found[name].setdefault(clients, []).append(_measure(server, body, clients, given.seconds))
        _print(pair, found)
        if given.json:
            every = {name: {n: [vars(each) for each in loads] for n, loads in of.items()} for name, of in found.items()}
            given.json.write_text(json.dumps(every, indent=2))


def _trained(dataset: str, model: str, folder: Path) -> Path:
    home = folder / "runs"
    command: list[str | Path] = [BIN / "tuner", "train", dataset, model, "--epochs", "2"]
    subprocess.run(command, env={**os.environ, "TUNER_HOME": str(home)}, cwd=folder, check=True, stdout=sys.stderr)
    return home


@dataclass(frozen=True)
class Server:
    """One that runs, as the leader of a session."""

    port: int
    session: int

    def cpu_seconds(self) -> float:
        """Of all its processes up to now."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.session:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _ours(pair: str, folder: Path, environment: dict[str, str]) -> Iterator[Server]:
    port = free_port()
    with _running([BIN / "tuner", "serve", pair, "--port", str(port)], folder, environment, port) as server:
        yield server


@contextmanager
def _theirs(pair: str, home: Path, folder: Path, environment: dict[str, str]) -> Iterator[Server]:
    port = free_port()
    command: list[str | Path] = [BIN / "mlflow", "models", "serve", "-m", f"models:/{pair}@champion"]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])  # it calls uvicorn by its name
    more = {"MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}", "PATH": path}
    with _running(command, folder, {**environment, **more}, port) as server:
        yield server


@contextmanager
def _running(command: list[str | Path], folder: Path, environment: dict[str, str], port: int) -> Iterator[Server]:
    output = folder / f"{port}.log"
    process = start(command, folder=folder, environment=environment, output=output, leader=True)
    try:
        if not wait_until(lambda: ask(port, "/ping").status == 200, process, timeout=START_S):
            sys.exit(f"{command[0]} did not start: {output.read_text(encoding='utf-8')[-2000:]}")
        yield Server(port, process.pid)
    finally:
        end(process, group=True)


def _body(dataset: str) -> bytes:
    from tuner.core import catalog
    from tuner.core.files import data_root

    test = catalog.load("datasets", dataset).load(data_root()).test
    return json.dumps({"inputs": test.inputs[:1].tolist()}).encode()


def _check_alike(servers: dict[str, Server], body: bytes) -> None:
    """Both must give the same answer, else the comparison is worth nothing."""
    answers = [ask(each.port, "/invocations", body, JSON).json["predictions"][0] for each in servers.values()]
    worst = max(abs(answers[0][name] - value) for name, value in answers[1].items())
    if list(answers[0]) != list(answers[1]) or worst > 1e-5:
        sys.exit(f"the answers differ: {answers}")


def _measure(server: Server, body: bytes, clients: int, seconds: float) -> Load:
    script = Path(__file__).with_name("load.py")
    command: list[str | Path] = [
        sys.executable,
        script,
        str(server.port),
        "/invocations",
        JSON,
        str(clients),
        str(seconds),
    ]
    before = server.cpu_seconds()
    load = Load(**json.loads(subprocess.run(command, input=body, capture_output=True, check=True).stdout))
    return replace(load, cpu_ms=1000 * (server.cpu_seconds() - before) / (load.per_second * seconds))


def _print(pair: str, found: dict[str, dict[int, list[Load]]]) -> None:
    rounds = len(next(iter(found[OURS].values())))
    print(f"{pair}, one image a request, on {pages.hardware()}; medians of {rounds} rounds")
    print("| clients | server | requests/s | p50 | p99 | CPU a request | failed |")
    print("|---|---|---|---|---|---|---|")
    for clients in found[OURS]:
        for name, of in found.items():
            loads = of[clients]
            rate, middle, late, cpu = (statistics.median(getattr(each, key) for each in loads) for key in SHOWN)
            failed = sum(each.failed for each in loads)
            print(f"| {clients} | {name} | {rate:,.0f} | {middle:.1f} ms | {late:.1f} ms | {cpu:.2f} ms | {failed} |")
        faster, cheaper = (
            _ratio(found[OURS][clients], found[THEIRS][clients], key) for key in ("per_second", "cpu_ms")
        )
        print(f"| {clients} | ratio | {faster} | | | {cheaper} | |")


def _ratio(ours: list[Load], theirs: list[Load], key: str) -> str:
    """Ours by theirs, of each round: the median, and the least and the greatest."""
    every = sorted(getattr(one, key) / getattr(other, key) for one, other in zip(ours, theirs, strict=True))
    return f"{statistics.median(every):.2f} ({every[0]:.2f} to {every[-1]:.2f})"


if __name__ == "__main__":
    main()
