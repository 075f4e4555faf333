"""Requests that nobody should send: the server answers each with a reason, never with a 500, and lives on."""

from __future__ import annotations

import errno
import http.client
import io
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.serving import CSV, JSON, TEXT, Running, form, photos_model, reviews_model, running, table_model

KINDS = ["photos", "reviews", "rows"]
TYPES = st.sampled_from([JSON, CSV, TEXT, "image/png", "image/tiff", "application/x", "", f"{JSON}; charset=utf-8"])
PATHS = st.sampled_from(["/invocations", "/predict", "/predict?explain=true"])
NAMES = st.sampled_from(["a.png", "b.csv", "c.txt", "../../x", "\x00", "a" * 300])
QUIET = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))

FIELDS = st.sampled_from(
    [
        *("inputs", "instances", "dataframe_split", "dataframe_records", "params", "columns", "data", "index"),
        *("image", "text", "decide", "mean radius", "messages", "prompt", "input", "signature_name"),
    ]
)
ODD = [2**63, -(2**63), 1e308, "NaN", "/etc/passwd", "\x00", "\ud800", "=1+1", "data:image/png;base64,iVBORw0KGgo="]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(ODD)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8) | FIELDS, inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(FIELDS, values, max_size=3)


def picture() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(file, "PNG")
    return file.getvalue()


GOOD = {
    "photos": json.dumps({"inputs": [[[[0] * 8] * 8] * 3]}).encode(),
    "reviews": b'{"inputs": ["a good film"]}',
    "rows": b'{"dataframe_split": {"columns": ["mean radius"], "data": [[1.0]]}}',
}
SEEDS = [*GOOD.values(), picture(), b"a,b\n1,2\n", form([("a.png", picture())], ["x"])[0]]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Something that is right, with some bytes changed, cut off or doubled."""
    body = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(body) - 1)))
        how = draw(st.integers(0, 3))
        if how == 0:
            body[place : place + 1] = draw(st.binary(max_size=3))
        elif how == 1:
            del body[place:]
        elif how == 2:
            body += body[place:]
        else:
            body[place:place] = draw(st.binary(max_size=8))
    return bytes(body)


bodies = st.binary(max_size=200) | mutated() | objects.map(lambda each: json.dumps(each).encode())
forms = st.builds(
    form,
    st.lists(st.tuples(NAMES, mutated()), max_size=3),
    st.lists(st.text(max_size=30).filter(lambda text: text.isprintable()), max_size=3),
)
asked = st.tuples(PATHS, bodies, TYPES) | st.tuples(PATHS, forms).map(lambda each: (each[0], *each[1]))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    with ExitStack() as stack:
        found = {}
        for name, make in {"photos": photos_model, "reviews": reviews_model, "rows": table_model}.items():
            home = tmp_path_factory.mktemp(name)
            limits = {"most_bytes": 100_000, "most_samples": 100, "most_pixels": 1_000_000}
            found[name] = stack.enter_context(running(make(home / "model"), home, **limits))
        yield found


class Asker:
    """Sends requests on connections that are kept, and looks at what comes back."""

    def __init__(self, servers: dict[str, Running]) -> None:
        self._connections = {
            name: http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for name, server in servers.items()
        }

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def check(self, name: str, path: str, body: bytes, kind: str) -> int:
        try:
            answer, content = self._ask(name, path, body, kind)
        except (ConnectionError, http.client.BadStatusLine):  # the connection was idle for too long: a new one
            self._connections[name].close()
            answer, content = self._ask(name, path, body, kind)
        assert answer.status < 500, content
        if answer.status != 200:
            assert answer.status in (400, 413, 415), content
            assert content["message"]
            assert "/tmp" not in content["message"]
            assert "Traceback" not in content["message"]
        return answer.status

    def _ask(self, name: str, path: str, body: bytes, kind: str) -> tuple[http.client.HTTPResponse, Any]:
        connection = self._connections[name]
        connection.request("POST", path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        return answer, json.loads(answer.read())


def ask_many(servers: dict[str, Running], examples: int, caplog: pytest.LogCaptureFixture) -> None:
    asker = Asker(servers)
    statuses: list[int] = []

    @settings(QUIET, max_examples=examples)
    @given(st.sampled_from(KINDS), asked)
    def one(name: str, request: tuple[str, bytes, str]) -> None:
        statuses.append(asker.check(name, *request))

    try:
        one()
    finally:
        asker.close()
    assert len(statuses) >= examples
    assert statuses.count(200) < len(statuses)
    with caplog.at_level(logging.ERROR):
        for name, server in servers.items():
            assert server.ask("/ping").status == 200
            assert server.ask("/invocations", GOOD[name]).status == (400 if name == "rows" else 200)
            text = server.ask("/metrics").body.decode()
            assert 'status="500"' not in text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_few_hundred_hostile_requests(servers: dict[str, Running], caplog: pytest.LogCaptureFixture) -> None:
    ask_many(servers, 300, caplog)


@pytest.mark.proof
def test_ten_thousand_hostile_requests(servers: dict[str, Running], caplog: pytest.LogCaptureFixture) -> None:
    ask_many(servers, 10_000, caplog)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9" + b"9" * 30 + b"\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_server_lives_on(servers: dict[str, Running], sent: bytes) -> None:
    port = servers["photos"].port
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        answer = b""
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(4096):
                answer += piece
        except OSError as error:  # it was closed before all was sent
            if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                raise
    assert not answer or answer.split(b" ", 2)[1][:1] == b"4", answer
    assert servers["photos"].ask("/ping").status == 200


def test_a_client_that_goes_away_in_the_middle_costs_nothing(servers: dict[str, Running]) -> None:
    server = servers["photos"]
    head = b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(head + b"Content-Length: 5000\r\n\r\n{")
    assert server.ask("/invocations", GOOD["photos"]).status == 200
    assert 'status="500"' not in server.ask("/metrics").body.decode()
