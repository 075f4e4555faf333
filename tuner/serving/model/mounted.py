"""An application below a path of a server that has several, as on a cluster: /digits-cnn/predict."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Mounted:
    """Middleware by which the application sees the paths that it knows, without the one that it is below.

    That one is the `root_path` of a request. The application gets none: it would take its own /docs for the root of a
    model called docs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. A path without / at its end, from which the links of a page would lead elsewhere, gets one."""
        root = scope.get("root_path", "")
        if scope["type"] != "http" or not root:
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(root)
        if not path:
            where = f"./{root.rpartition('/')[2]}/"
            await Response(status_code=308, headers={"location": where})(scope, receive, send)
            return
        await self._app({**scope, "path": path, "raw_path": path.encode(), "root_path": ""}, receive, send)
