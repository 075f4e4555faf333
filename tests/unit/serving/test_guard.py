"""What does not reach an application, and what does: asked of a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send
from support.served import Client, served

from tuner.serving.access import Access, digest_of, is_loopback, new_token, reading_key
from tuner.serving.guard import Guard

TOKEN = "the-token"
DIGEST, READING = digest_of(TOKEN), reading_key(TOKEN)


async def says_yes(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"yes"})


def changes(method: str, path: str) -> bool:
    return method != "GET" or path == "/private"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served(
        Guard(
            says_yes, Access(host="127.0.0.1", token_digest=DIGEST, needs_token=changes, cookie="key", reading=READING)
        )
    ) as client:
        yield client


def test_what_needs_no_token_is_answered_with_headers_that_protect_it(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status, answer.body) == (200, b"yes")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "server" not in answer.headers


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer t\xf6"])
def test_without_the_token_nothing_is_changed(client: Client, given: str) -> None:
    answer = client.post("/", authorization=given)
    assert answer.status == 401
    assert "token" in answer.json["error"]
    assert TOKEN not in answer.body.decode()


def test_with_the_token_it_is(client: Client) -> None:
    assert client.post("/", authorization=f"Bearer {TOKEN}").status == 200
    assert client.post("/", authorization=f"bearer  {TOKEN} ").status == 200
    assert client.get("/private", authorization=f"Bearer {TOKEN}").status == 200


def test_a_cookie_is_enough_to_read_and_not_to_change(client: Client) -> None:
    key = reading_key(TOKEN)
    assert client.get("/private", cookie=f"key={key}").status == 200
    assert client.get("/private", cookie="key=other").status == 401
    assert client.get("/private", cookie=f"key={TOKEN}").status == 401
    assert client.get("/private", cookie=f"other={key}").status == 401
    assert client.post("/private", cookie=f"key={key}").status == 401
    assert client.get("/private", authorization=f"Bearer {key}").status == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "", "[::1"])
def test_a_name_that_points_here_since_a_moment_ago_is_refused(client: Client, host: str) -> None:
    answer = client.get("/", host=host, authorization=f"Bearer {TOKEN}")
    assert answer.status in (400, 403), answer.body
    assert answer.body != b"yes"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:9"])
def test_names_of_this_machine_are_taken(client: Client, host: str) -> None:
    assert client.get("/", host=host).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "http://localhost:1", "x", "http://["]
)
def test_a_page_of_another_site_is_refused_even_with_the_token(client: Client, origin: str) -> None:
    assert client.post("/", origin=origin, authorization=f"Bearer {TOKEN}").status == 403
    assert client.get("/", origin=origin).status == 403


def test_its_own_page_is_not(client: Client) -> None:
    own = f"http://127.0.0.1:{client.port}"
    assert client.post("/", origin=own, authorization=f"Bearer {TOKEN}").status == 200


def test_bound_elsewhere_the_addresses_and_the_name_of_the_machine_are_taken() -> None:
    access = Access(host="0.0.0.0", token_digest=DIGEST, needs_token=changes, names=("proxy.example",))
    with served(Guard(says_yes, access)) as client:
        assert client.get("/", host="10.1.2.3:80").status == 200
        assert client.get("/", host="[fe80::1]").status == 200
        assert client.get("/", host="proxy.example").status == 200
        assert client.get("/", host="evil.example").status == 403


def test_a_server_on_another_address_of_the_loopback_knows_its_own_name() -> None:
    with served(Guard(says_yes, Access(host="127.0.0.2", token_digest=DIGEST, needs_token=changes))) as client:
        assert client.get("/", host="127.0.0.2:80").status == 200
        assert client.get("/", host="127.0.0.3:80").status == 403


def test_a_token_is_new_unless_the_environment_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert new_token("A_TOKEN") != new_token("A_TOKEN")
    assert len(new_token("A_TOKEN")) >= 32
    monkeypatch.setenv("A_TOKEN", " mine ")
    assert new_token("A_TOKEN") == "mine"


def test_only_this_machine_reaches_its_loopback() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "head")] == [False] * 4
