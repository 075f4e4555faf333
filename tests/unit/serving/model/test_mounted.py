"""A model below a path: it sees its own paths, and a page's links stay below it."""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send
from support.served import served

from tuner.serving.model.mounted import Mounted


def below(root: str) -> object:
    """An application that answers with the path that it sees, behind what a cluster's proxy does to a request."""

    async def says(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": f"{scope['root_path']}|{scope['path']}".encode()})

    mounted = Mounted(says)

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        await mounted({**scope, "root_path": root} if scope["type"] == "http" else scope, receive, send)

    return proxy


@pytest.mark.parametrize("root", ["/digits-cnn", "/docs"])
def test_the_application_sees_the_rest_of_the_path(root: str) -> None:
    with served(below(root)) as client:  # type: ignore[arg-type]
        for path in ("/", "/card", "/docs", "/docs/docs", f"{root}/x"):
            assert client.get(f"{root}{path}").body == f"|{path}".encode()
        moved = client.get(root)
        assert (moved.status, moved.headers["location"]) == (308, f".{root}/")


def test_at_the_root_nothing_changes() -> None:
    with served(below("")) as client:  # type: ignore[arg-type]
        assert client.get("/card").body == b"|/card"
