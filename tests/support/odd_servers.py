"""Servers at MLFLOW_TRACKING_URI that are not what a sweep needs: each answers as a table of paths says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PAGE = "<html><body>Welcome to nginx!</body></html>"
Answers = Mapping[str, tuple[int, object]]
API = "/api/2.0/mlflow"
EXPERIMENT = {"experiment_id": "7", "name": "digits-cnn", "lifecycle_stage": "active"}


def mlflow_answers(location: str = "mlflow-artifacts:/7", version: str = "3.17.2") -> dict[str, tuple[int, object]]:
    """Those of a server on which all works, but for artifacts."""
    return {
        "GET /version": (200, version),
        f"GET {API}/experiments/search": (200, {"experiments": []}),
        f"GET {API}/experiments/get-by-name": (200, {"experiment": {**EXPERIMENT, "artifact_location": location}}),
        f"GET {API}/experiments/get": (200, {"experiment": {**EXPERIMENT, "artifact_location": location}}),
        f"POST {API}/experiments/set-experiment-tag": (200, {}),
    }


@contextmanager
def odd_server(answers: Answers, otherwise: tuple[int, object] = (404, PAGE)) -> Iterator[str]:
    """Its address. Texts are sent as HTML, all else as JSON; what is not in the table gets `otherwise`."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answers.get(f"{self.command} {self.path.partition('?')[0]}", otherwise)
            plain = isinstance(body, str)
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if plain else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names that the base class looks for

        def log_message(self, format: str, *args: object) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
