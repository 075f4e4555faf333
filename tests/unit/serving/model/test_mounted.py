"""A model below a path: it sees its own paths, and a page's links stay below it."""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send
from support.served import below, served


async def says(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the path that it sees."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{scope['root_path']}|{scope['path']}".encode()})


@pytest.mark.parametrize("root", ["/digits-cnn", "/docs"])
def test_the_application_sees_the_rest_of_the_path(root: str) -> None:
    with served(below(root, says)) as client:
        for path in ("/", "/card", "/docs", "/docs/docs", f"{root}/x"):
            assert client.get(f"{root}{path}").body == f"|{path}".encode()
        moved = client.get(root)
        assert (moved.status, moved.headers["location"]) == (308, f".{root}/")


def test_at_the_root_nothing_changes() -> None:
    with served(below("", says)) as client:
        assert client.get("/card").body == b"|/card"
