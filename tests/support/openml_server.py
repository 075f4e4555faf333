"""A web server that answers as openml.org does: JSON on a table, and its rows as ARFF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

ROWS = 60
COLUMNS = {"duration": "numeric", "purpose": "{car,house}", "class": "{good,bad}"}


def arff() -> bytes:
    """The table."""
    header = [f"@ATTRIBUTE {name} {kind}" for name, kind in COLUMNS.items()]
    rows = [
        f"{row % 30 / 2 + (row > ROWS // 2)},{('car', 'house')[row % 2]},{('good', 'bad')[row > ROWS // 2]}"
        for row in range(ROWS)
    ]
    return "\n".join(["@RELATION credit", *header, "@DATA", *rows, ""]).encode()


class OpenML:
    """What the server has been asked for, and the table that it has: credit-g, version 1, with the id 31."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""
        self.content = arff()

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and content."""
        self.asked.append(path)
        if path.startswith("/data/v1/download/31"):
            return 200, self.content
        if found := re.fullmatch(r"/api/v1/json/data/list/data_name/credit-g/limit/2(/data_version/1|.*active/)", path):
            del found
            listed = {"did": 31, "name": "credit-g", "version": 1, "status": "active"}
            return 200, json.dumps({"data": {"dataset": [listed]}}).encode()
        known = {"/api/v1/json/data/31": self._description(), "/api/v1/json/data/features/31": _features()}
        known["/api/v1/json/data/qualities/31"] = {"data_qualities": {"quality": []}}
        if path in known:
            return 200, json.dumps(known[path]).encode()
        return 412, json.dumps({"error": {"code": "372", "message": "No results"}}).encode()

    def _description(self) -> dict[str, Any]:
        return {
            "data_set_description": {
                "id": "31", "name": "credit-g", "description": "made up", "version": "1", "format": "ARFF",
                "status": "active",
                "default_target_attribute": "class", "md5_checksum": md5(arff()).hexdigest(), "file_id": "31",
                "url": f"{self.url}/data/v1/download/31/credit-g.arff",
            }
        }  # fmt: skip


def _features() -> dict[str, Any]:
    features = [
        {
            "index": str(index), "name": name, "data_type": "numeric" if kind == "numeric" else "nominal",
            "is_target": str(name == "class").lower(), "is_ignore": "false", "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for index, (name, kind) in enumerate(COLUMNS.items())
    ]  # fmt: skip
    return {"data_features": {"feature": features}}


@contextmanager
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenML]:
    """The server, which scikit-learn then asks in place of openml.org."""
    openml = OpenML()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = openml.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        openml.url = f"http://127.0.0.1:{httpd.server_port}"
        for name in ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
            place = f"sklearn.datasets._openml.{name}"
            import sklearn.datasets._openml as module

            monkeypatch.setattr(place, getattr(module, name).replace("https://www.openml.org", openml.url))
        Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
        yield openml
        httpd.shutdown()
