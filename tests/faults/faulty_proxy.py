"""Stands between a sweep and its MLflow server, and does to requests what networks and servers do to them."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DOWN, SLOW, BROKEN, BUSY = "down", "slow", "500", "429"
CUT, LOST = "cut", "lost"  # the work is done, and of the answer half arrives, or nothing
KINDS = (DOWN, SLOW, BROKEN, BUSY, CUT, LOST)
DROPPED = ("connection", "transfer-encoding", "content-length", "keep-alive", "host")


class FaultyProxy:
    """A proxy whose faults are of one kind, or drawn with a seed for a share of the requests."""

    def __init__(self, target: str, seed: int = 0) -> None:
        self._target = urlsplit(target)
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.kinds: tuple[str, ...] = ()
        """Of the faults from now on; none while it is empty."""
        self.share = 1.0
        """Of the requests that suffer one."""
        self.delay = 0.2
        """Seconds by which an answer of SLOW comes later."""
        self.token = ""
        """If given, whoever does not show it is sent away with 401."""
        self.requests = 0
        self.injected: Counter[str] = Counter()
        self.steps: dict[str, list[int]] = defaultdict(list)
        """The epochs of each run, in the order in which the server took them."""
        self.open = threading.Event()
        """While it is not set, no request is answered."""
        self.open.set()
        self.uri = ""

    def draw(self) -> str:
        """The fault of the next request, or nothing."""
        with self._lock:
            self.requests += 1
            if not self.kinds or self._random.random() >= self.share:
                return ""
            kind = self._random.choice(self.kinds)
            self.injected[kind] += 1
            return kind

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[HTTPResponse, bytes]:
        """What the server answers."""
        connection = HTTPConnection(self._target.hostname or "", self._target.port, timeout=60)
        try:
            connection.request(method, path, body, {k: v for k, v in headers.items() if k.lower() not in DROPPED})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if path.endswith("/runs/log-batch") and answer.status == 200:
            batch = json.loads(body)
            with self._lock:
                steps = dict.fromkeys(int(metric.get("step", 0)) for metric in batch.get("metrics", ()))
                self.steps[batch["run_id"]] += steps
        return answer, content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def handle_one_request(self) -> None:
        """As in the base class, for every method alike."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._answer(body)
        except OSError:  # the other side has gone
            self.close_connection = True

    def _answer(self, body: bytes) -> None:
        proxy = self.proxy
        proxy.open.wait()
        if proxy.token and self.headers.get("Authorization") != f"Bearer {proxy.token}":
            self._send(401, b"who are you?", {})
            return
        fault = proxy.draw()
        if fault == DOWN:
            self.close_connection = True
        elif fault == BROKEN:
            self._send(500, b"<html>out of order</html>", {})
        elif fault == BUSY:
            self._send(429, b"slowly, please", {"Retry-After": "1"})
        else:
            if fault == SLOW:
                threading.Event().wait(proxy.delay)
            answer, content = proxy.forward(self.command, self.path, dict(self.headers), body)
            if fault == LOST:
                self.close_connection = True
                return
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in DROPPED}
            self._send(answer.status, content, kept, cut=fault == CUT)

    def _send(self, status: int, content: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header(
            "Content-Length", str(len(content) + cut)
        )  # of an answer without content, something is missing
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = self.close_connection or cut

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def faulty_proxy(target: str, seed: int = 0) -> Iterator[FaultyProxy]:
    """Starts a proxy in front of a server. Whatever is waiting at its end is let go."""
    proxy = FaultyProxy(target, seed)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        proxy.uri = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.open.set()
            server.shutdown()
            thread.join()
