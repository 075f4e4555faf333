"""The command serve for a cluster, as far as it needs none; and a dashboard without Ray Serve."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import Receive, Scope, Send
from support.common import Typed
from support.served import served


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("m", "--replicas", "2"), "--replicas is for a cluster: give its address with --address"),
        (("m", "--stop"), "--stop is for a cluster"),
        (("--list",), "--list is for a cluster"),
        ((), "MODEL is missing: give a pair such as digits-cnn"),
        (("--address", "http://127.0.0.1:9"), "MODEL is missing: give a pair such as digits-cnn"),
        (("m", "--address", "head:8265"), "--address head:8265: give the address of the Ray dashboard"),
        (("./m", "--address", "http://127.0.0.1:9"), "./m is no registered model, and a cluster serves those alone"),
        (("m", "--address", "http://127.0.0.1:9", "--replicas", "x"), "--replicas 'x': write a number such as 2"),
        (("m", "--address", "http://127.0.0.1:9", "--threads", "0"), "--threads must be at least 1"),
        (("m", "--address", "http://127.0.0.1:9"), "http://127.0.0.1:9: no Ray cluster answers there: "),
        (("m", "--address", "http://127.0.0.1:9", "--stop"), "http://127.0.0.1:9: no Ray cluster answers there: "),
        (("--list", "--address", "http://127.0.0.1:9"), "http://127.0.0.1:9: no Ray cluster answers there: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(typed: Typed, words: tuple[str, ...], message: str) -> None:
    code, out, err = typed("serve", *words)
    assert (code, out) == (2, ""), err
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_a_cluster_without_ray_serve_says_what_it_needs(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its dashboard answers where the packages are missing."""
    version = {"version": "4", "ray_version": "2.60.0", "ray_commit": "", "session_name": ""}

    async def dashboard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/api/version":
            await JSONResponse(version)(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse("Serve dependencies are not installed.", 501)(scope, receive, send)

    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    with served(dashboard) as client:
        address = f"http://127.0.0.1:{client.port}"
        for words in (("m",), ("m", "--stop"), ("--list",)):
            code, _, err = typed("serve", *words, "--address", address)
            assert code == 2
            assert err == (
                f"error: {address}: Ray Serve is not installed there: use the image of docker/, or pip install "
                "'tuner[ray-serve]'\n"
            )
