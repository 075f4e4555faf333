"""optuna-dashboard on one study, which it can only read: `python -m` this module FILE PORT.

Its own command could delete the study of a sweep that runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tuner.search.read_only_storage import read_only_storage


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: nobody reads it."""


def main(journal: Path, port: int) -> None:
    """Serves it on 127.0.0.1 until the process is ended."""
    from optuna_dashboard import wsgi  # noqa: PLC0415 - it may not be installed

    app = wsgi(read_only_storage(journal))
    make_server("127.0.0.1", port, app, server_class=_Server, handler_class=_Quiet).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
