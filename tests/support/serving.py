"""Servers of models, in this process and on a real port, and requests to them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import torch

from support.http_requests import Answer, request
from support.processes import wait_until
from tuner.core import catalog
from tuner.data.spec import DataSpec
from tuner.serving.access import digest_of
from tuner.serving.listening import listen
from tuner.serving.model.run import http_server
from tuner.serving.model.server import ModelServer
from tuner.serving.model.settings import Settings
from tuner.training.classifier import build_classifier
from tuner.training.saved_model import save_model

PHOTOS = DataSpec(
    name="photos", task="image", shape=(3, 8, 8), classes=("cat", "dog", "owl"), mean=(99.0,) * 3, std=(50.0,) * 3
)
REVIEWS = DataSpec(
    name="reviews", task="text", shape=(6,), classes=("bad", "good"), mean=(), std=(), vocabulary=("film", "good")
)
JSON, CSV, TEXT = "application/json", "text/csv", "text/plain"


def save_untrained(folder: Path, data: DataSpec, model: str, seed: int = 0, **arguments: Any) -> Path:
    """A model that has learnt nothing, and always answers the same."""
    torch.manual_seed(seed)
    network = build_classifier(data, model, arguments)
    save_model(folder, data, model, arguments, network.state_dict())
    return folder


def photos_model(folder: Path, seed: int = 0) -> Path:
    """Of images of 8 x 8 pixels, in colour."""
    return save_untrained(folder, PHOTOS, "cnn", seed, width=0.125)


def reviews_model(folder: Path) -> Path:
    """Of texts, with attention."""
    return save_untrained(folder, REVIEWS, "bilstm_attention", hidden_size=4, embedding_size=4)


def table_model(folder: Path) -> Path:
    """Of the rows of breast_cancer."""
    data = catalog.load("datasets", "breast_cancer").load(folder.parent).spec
    return save_untrained(folder, data, "lstm", hidden_size=4)


@dataclass
class Running:
    """A server that runs in a thread."""

    port: int
    server: ModelServer
    loop: asyncio.AbstractEventLoop
    said: list[str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, body: bytes | str | None = None, kind: str = JSON, method: str | None = None, **headers: str
    ) -> Answer:
        """One request on a connection of its own. `Host` and the like are headers; _ in their names stands for -."""
        return ask(self.port, path, body, kind, method, **headers)

    def invoke(self, body: object) -> Answer:
        """A request of MLflow's protocol."""
        return self.ask("/invocations", json.dumps(body))

    def look(self) -> bool:
        """Looks now for another version."""
        return asyncio.run_coroutine_threadsafe(self.server.look(), self.loop).result(60)


def ask(
    port: int,
    path: str,
    body: bytes | str | None = None,
    kind: str = JSON,
    method: str | None = None,
    **headers: str,
) -> Answer:
    """See `Running.ask`."""
    sent = {} if body is None else {"Content-Type": kind}
    return request(port, method or ("GET" if body is None else "POST"), path, body, {**sent, **headers})


def form(files: list[tuple[str, bytes]] = (), texts: list[str] = (), kind: str = "image/png") -> tuple[bytes, str]:  # type: ignore[assignment]
    """The body and the Content-Type of a form with these files and texts."""
    mark = uuid.uuid4().hex
    parts = b""
    for name, content in files:
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}'
        parts += f"--{mark}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
    for text in texts:
        parts += f'--{mark}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}\r\n'.encode()
    return parts + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


@contextmanager
def running(name: str | Path, home: Path, **settings: Any) -> Iterator[Running]:
    """Serves a model on a free port of this machine."""
    said: list[str] = []
    digest = digest_of(settings.pop("token", ""))
    server = ModelServer(
        str(name), home, Settings(**{"follow_s": 0.0, "token_digest": digest, **settings}), said.append
    )
    listener = listen("127.0.0.1", 0)
    host = http_server(server)
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(host.serve(sockets=[listener]))

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        assert wait_until(lambda: host.started, timeout=60, poll=0.02)
        yield Running(int(listener.getsockname()[1]), server, loop, said)
    finally:
        host.close()
        thread.join(60)
        loop.close()
