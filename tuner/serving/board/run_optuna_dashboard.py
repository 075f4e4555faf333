"""optuna-dashboard on one study, which it can only read: `python -m` this module FILE PORT.

Its own command could delete the study of a sweep that runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tuner.search.read_only_storage import read_only_storage
from tuner.serving.access import LOOPBACK, SAFE

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: nobody reads it."""


def only_read(app: WSGIApplication) -> WSGIApplication:
    """The same application, which says why it changes nothing, and answers to the names of this machine alone."""

    def guarded(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        name = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname
        if environ["REQUEST_METHOD"] in SAFE and name in LOOPBACK:
            return app(environ, start)
        reason = "this is only for looking: nothing of a sweep is changed here" if name in LOOPBACK else "unknown Host"
        start("403 Forbidden", [("Content-Type", "application/json")])
        return [json.dumps({"reason": reason}).encode()]

    return guarded


def main(journal: Path, port: int) -> None:
    """Serves it on 127.0.0.1 until the process is ended."""
    from optuna_dashboard import wsgi  # noqa: PLC0415 - it may not be installed

    app = only_read(wsgi(read_only_storage(journal)))
    make_server(HOST, port, app, server_class=_Server, handler_class=_Quiet).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
