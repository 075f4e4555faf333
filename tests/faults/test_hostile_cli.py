"""Hostile input through the command line and from servers: one line, exit status 2, and nothing left behind."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.common import Command

from tuner.cli import app
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.execution.jobs.client import Jobs
from tuner.execution.jobs.upload import pack

ROWS = "".join(f"{number * 0.37:.2f},{'xy'[number % 2]}\n" for number in range(40))
FILES = {
    "esc.csv": ("a,kind\n" + ROWS.replace("x", "\x1b[2J")).encode(),
    "long.csv": ("a" * 140_000 + ",kind\n" + ROWS).encode(),
    "deep.toml": b"epochs = 1\n[params]\nlr = " + b"[" * 15_000,
}
DIGITS = ("sweep", "digits", "cnn")
BAD = {
    "a class that clears the terminal": (
        ("sweep", "csv:esc.csv", "lstm", "--target", "kind"),
        {},
        r"the class '\x1b[2J'",
    ),
    "a header that is too long": (
        ("show", "csv:long.csv", "--target", "kind"),
        {},
        "long.csv, line 1: a quote that is",
    ),
    "brackets in brackets": ((*DIGITS, "--space", "deep.toml"), {}, "deep.toml: not valid TOML"),
    "a space without end": ((*DIGITS, "--space", "/dev/zero"), {}, "/dev/zero: more than 32,000 characters"),
    "a number that Python warns of": ((*DIGITS, "--set", "optimizer=0x1for"), {}, "unknown optimizer '0x1for'"),
    "a number that no float holds": (
        (*DIGITS, "--set", f"lr={10**400}"),
        {},
        "params.lr: a whole number must be at most",
    ),
    "a path that is too long": (("predict", "a" * 300, "x.png"), {}, "unknown model"),
    "a tracking server in brackets": (DIGITS, {"MLFLOW_TRACKING_URI": "http://u:SECRET@["}, "is not a valid address"),
    "a tracking folder": (DIGITS, {"MLFLOW_TRACKING_URI": "foo"}, "sqlite:///"),
    "a home that is no text": (DIGITS, {"TUNER_HOME": "\udcff"}, "TUNER_HOME"),
    "a cluster nowhere": (("status", "x"), {"TUNER_ADDRESS": "http://"}, "TUNER_ADDRESS http://: give the address"),
    "a token of two lines": (
        ("status", "x", "--address", "http://127.0.0.1:9"),
        {"RAY_AUTH_TOKEN": "one\nSECRET"},
        "RAY_AUTH_TOKEN has a character that no token has",
    ),
}


REAL = ("a class that clears the terminal", "a tracking server in brackets", "a token of two lines")


@pytest.mark.parametrize("name", [name for name in BAD if name != "a token of two lines"])  # Ray reads it but once
def test_is_refused_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    words, variables, _ = BAD[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "argv", ["tuner", *words])
    write_files(tmp_path)
    with pytest.raises(SystemExit) as ended:
        app.main()
    captured = capsys.readouterr()
    check_refused(name, int(ended.value.code or 0), captured.out, captured.err, tmp_path)


@pytest.mark.parametrize("name", REAL)
def test_the_real_command_says_nothing_else_either(tuner: Command, tmp_path: Path, name: str) -> None:
    words, variables, _ = BAD[name]
    write_files(tmp_path)
    done = tuner(*words, folder=tmp_path, **variables)
    check_refused(name, done.returncode, done.stdout, done.stderr, tmp_path)


def write_files(folder: Path) -> None:
    for name, content in FILES.items():
        (folder / name).write_bytes(content)


def check_refused(name: str, code: int, out: str, err: str, folder: Path) -> None:
    assert (code, out) == (2, ""), err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert BAD[name][2] in err
    assert "SECRET" not in err
    assert err.rstrip("\n").isprintable()
    assert {path.name for path in folder.iterdir()} <= {*FILES, "runs"}
    assert not list(folder.glob("runs/*"))


class Answers(BaseHTTPRequestHandler):
    """Says to every question what its server was told to."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.answer)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"{}", b"[]", b"3", b'{"ray_version": []}', b'{"ray_version": "x"}']
)
def test_a_server_that_is_no_cluster_is_said_to_be_none(server: ThreadingHTTPServer, answer: bytes) -> None:
    server.answer = answer  # type: ignore[attr-defined]
    address = f"http://127.0.0.1:{server.server_port}"
    with pytest.raises(TunerError, match=address) as caught:
        Jobs(address).check_version()
    assert "\n" not in str(caught.value)


def test_a_server_that_takes_a_question_and_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.execution.jobs.client.ANSWER_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TunerError, match=f"{address}: no Ray cluster answers there"):
            Jobs(address)


def test_links_do_not_go_along_to_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "1.png").symlink_to("/etc/passwd")
    request = SweepRequest(dataset=f"folder:{tmp_path / 'photos'}", model="cnn")
    with pytest.raises(TunerError, match=r"cat/1.png is a link, which is not uploaded"):
        pack(request, tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
