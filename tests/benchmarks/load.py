"""A load generator: so many clients, each of which sends its next request when it has the answer to the last."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import cast

import uvloop


@dataclass(frozen=True)
class Load:
    """What a server has answered."""

    clients: int
    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int
    """Answers with another status than 200."""
    cpu_ms: float = 0.0
    """Of the server, for one request: this hardly depends on what else the machine does."""


class _Client(asyncio.Protocol):
    """One connection, which is kept."""

    def __init__(self, request: bytes, until: float, over: asyncio.Future[None]) -> None:
        self._request, self._until, self._over = request, until, over
        self._got = b""
        self._sent = 0.0
        self.seconds: list[float] = []
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of another class
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self.seconds.append(now - self._sent)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        self._got = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._over.done():
            self._over.set_result(None)


def request_of(port: int, path: str, body: bytes, kind: str) -> bytes:
    """The bytes of a request."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def generate(port: int, request: bytes, clients: int, seconds: float) -> Load:
    """Sends this request for so many seconds."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    overs = [loop.create_future() for _ in range(clients)]
    made = [_Client(request, began + seconds, over) for over in overs]
    for client in made:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*overs)
    took = time.perf_counter() - began
    every = sorted(each for client in made for each in client.seconds)
    return Load(
        clients=clients,
        per_second=len(every) / took,
        p50_ms=1000 * every[len(every) // 2],
        p99_ms=1000 * every[int(len(every) * 0.99)],
        failed=sum(client.failed for client in made),
    )


def main() -> None:
    """PORT PATH TYPE CLIENTS SECONDS, and the body on stdin; prints a Load as JSON."""
    port, path, kind, clients, seconds = sys.argv[1:]
    request = request_of(int(port), path, sys.stdin.buffer.read(), kind)
    print(json.dumps(asdict(uvloop.run(generate(int(port), request, int(clients), float(seconds))))))


if __name__ == "__main__":
    main()
