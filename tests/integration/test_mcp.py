"""`tuner mcp` as a real process, spoken to by the client of the package mcp, and by hand."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from support.agent import ask, call, converse, over_http, there, tools
from support.common import BIN, Finished, Start, read_runs
from support.sample_files import write_digits

NOISY = """
import atexit, os, subprocess, sys


class Noise:  # as of libraries that greet, when they are imported
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ("mcp.server.mcpserver", "optuna"):
            print(f"{name} greets")
            os.write(1, f"{name} writes to the descriptor\\n".encode())
            subprocess.run(["echo", f"{name} starts a child"])
            os.system(f"echo {name} starts a shell")


sys.meta_path.insert(0, Noise)
atexit.register(print, "at the end")
"""
NOISES = ("greets", "writes to the descriptor", "starts a child", "starts a shell")
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "by hand", "version": "1"},
}


def request(number: int, method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"


def by_hand(folder: Path, environment: dict[str, str], *lines: str, words: tuple[str, ...] = ()) -> tuple[Any, str]:
    """Writes the lines to the server's input, and closes it once all are answered. Returns the answers, and stderr."""
    process = subprocess.Popen(
        [BIN / "tuner", "mcp", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write("".join(lines))
    process.stdin.flush()
    answers = [process.stdout.readline() for _ in range(sum('"id"' in line for line in lines))]
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return [json.loads(line) for line in [*answers, *out.splitlines()]], err


def test_only_the_protocol_reaches_standard_output_and_no_bad_line_ends_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Not even before it serves, while a tool runs, and after the last answer."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NOISY)
    answers, err = by_hand(
        tmp_path,
        {**environment, "TUNER_HOME": str(tmp_path / "runs"), "PYTHONPATH": str(tmp_path / "site")},
        "this is no JSON\n",
        "[1, 2\n",
        request(1, "initialize", **INITIALIZE),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n",
        request(2, "tools/call", name="sweep", arguments={"dataset": "digits", "model": "cnn"}),
        request(3, "tools/call", name="list_sweeps", arguments={}),
    )
    found = {each.get("id"): each for each in answers}
    assert {1, 2, 3} <= set(found)
    assert found[2]["result"]["isError"]
    assert found[3]["result"]["structuredContent"]["total"] == 0
    assert not (tmp_path / "runs").exists()
    said = [f"{name} {noise}" for name in ("mcp.server.mcpserver", "optuna") for noise in NOISES]
    assert [words for words in (*said, "at the end") if words not in err] == []


def test_ctrl_c_ends_it_while_it_waits_for_a_request(environment: dict[str, str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [BIN / "tuner", "mcp"], cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(request(1, "initialize", **INITIALIZE))
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(timeout=300) == 130
    finally:
        process.kill()
        process.communicate()


def test_over_http_it_prints_what_a_client_is_configured_with_and_ctrl_c_ends_it(start: Start, tmp_path: Path) -> None:
    process = start("mcp", "--http", "--port", "0", folder=tmp_path, TUNER_MCP_TOKEN="mine")
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if line == "}\n":
            break
    server = json.loads(printed)["mcpServers"]["tuner"]
    assert (server["type"], server["headers"]) == ("http", {"Authorization": "Bearer mine"})
    assert "sweep" not in tools(over_http(server["url"], "mine"))
    assert call(over_http(server["url"], "mine"), "list_sweeps").values["total"] == 0
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert err.startswith(f"Tools for agents at {server['url']}   (Ctrl-C stops it)\nClients need the token")
    assert err.count("\n") == 2
    assert not list(tmp_path.iterdir())


def test_the_package_that_is_missing_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    code = "import sys; sys.modules['mcp'] = None; sys.argv = ['tuner', 'mcp']; from tuner.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: tuner mcp needs the package mcp: pip install mcp (tuner's extra 'mcp')\n"


def test_a_client_reads_what_a_sweep_has_found(finished: Finished, environment: dict[str, str], tmp_path: Path) -> None:
    async def talk(client: Client) -> None:
        [sweep] = (await ask(client, "list_sweeps")).values["sweeps"]
        name = sweep["sweep"]
        assert (name, sweep["state"]) == (finished.result["sweep"], "finished")
        best = (await ask(client, "best", name=name)).values
        assert best["trial"] == finished.result["best"]["trial"]
        assert best["test_accuracy"] == finished.result["test"]["accuracy"]
        trials = (await ask(client, "trials", name=name, order="number")).values["trials"]
        assert len(trials) == sum(finished.result["trials"].values()) == 8

    mine = {**environment, "TUNER_HOME": str(finished.home)}
    converse(there(tmp_path, environment=mine, err=tmp_path / "err"), talk)


@pytest.mark.proof
def test_a_client_runs_a_sweep_from_start_to_prediction(environment: dict[str, str], tmp_path: Path) -> None:
    files = write_digits(tmp_path, 4)
    home = tmp_path / "runs"

    async def wait(client: Client, name: str) -> dict[str, Any]:
        while True:
            status = (await ask(client, "status", name=name, wait_s=20)).values
            if status["state"] not in ("running", "stopping", "pausing"):
                return dict(status)

    async def begin(client: Client) -> str:
        pair = (await ask(client, "show", dataset="digits", model="cnn")).values
        assert pair["space"]["parameters"]
        sets = ["width=0.25", "lr=0.001..0.01:log", "optimizer=adam"]
        begun = await ask(client, "sweep", dataset="digits", model="cnn", trials=40, max_epochs=9, set=sets)
        assert not begun.refused, begun.text
        name = str(begun.values["sweep"])
        assert begun.values == {"sweep": "digits-cnn-1", "folder": str(home / name)}
        taken = await ask(client, "sweep", dataset="digits", model="cnn", name=name)
        assert (taken.refused, "is taken" in taken.text) == (True, True)
        bad = await ask(client, "sweep", dataset="digits", model="cnn", name="../x")
        assert (bad.refused, bad.text.startswith("--name '../x': use at most 100")) == (True, True)
        assert (await ask(client, "status", name=name)).values["state"] == "running"
        assert (await ask(client, "pause", name=name)).values["state"] in ("pausing", "paused")
        assert (await wait(client, name))["state"] == "paused"
        return name

    async def go_on(client: Client, name: str) -> None:
        resumed = await ask(client, "resume", name=name)
        assert not resumed.refused, resumed.text
        while not (await ask(client, "trials", name=name)).values["trials"]:
            assert (await ask(client, "status", name=name, wait_s=1)).values["state"] == "running"
        assert (await ask(client, "stop", name=name)).values["text"].startswith(f"{name} stops")
        status = await wait(client, name)
        assert (status["state"], status["ended_by"]) == ("finished", "stop")
        best = (await ask(client, "best", name=name)).values
        assert best["finished"]
        assert best["test_accuracy"] == status["test_accuracy"] > 0.5
        found = (await ask(client, "predict", model="digits-cnn", files=[*files, "missing.png"])).values
        assert found["left_out"][0].startswith("missing.png")
        assert [each["sample"] for each in found["predictions"]] == files
        assert sum(each["class"] == str(number) for number, each in enumerate(found["predictions"])) >= 2

    mine = {**environment, "TUNER_HOME": str(home)}

    def server() -> Client:
        return there(tmp_path, "--allow-run", environment=mine, err=tmp_path / "err")

    name = converse(server(), begin)
    converse(server(), lambda client: go_on(client, name))  # the first server has ended, and the sweep is there
    assert len(read_runs(f"sqlite:///{home / 'mlflow.db'}", "digits-cnn")) > 1
    assert "Traceback" not in (tmp_path / "err").read_text()


@pytest.mark.proof
def test_a_sweep_outlives_the_server_that_began_it(environment: dict[str, str], tmp_path: Path) -> None:
    mine = {**environment, "TUNER_HOME": str(tmp_path / "runs")}
    small = {"trials": 2, "max_epochs": 3, "set": ["width=0.25"], "concurrency": 1}

    async def begin(client: Client) -> None:
        begun = await ask(client, "sweep", dataset="digits", model="cnn", name="x", **small)
        assert not begun.refused, begun.text

    async def wait(client: Client) -> Any:
        while (found := (await ask(client, "status", name="x", wait_s=20)).values)["state"] == "running":
            pass
        return found

    converse(there(tmp_path, "--allow-run", environment=mine, err=tmp_path / "err"), begin)
    found = converse(there(tmp_path, environment=mine, err=tmp_path / "err"), wait)
    assert (found["state"], found["trials"]) == ("finished", {"done": 2, "queued": 0})
