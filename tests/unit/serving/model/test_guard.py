"""Who is answered: hosts, origins and tokens."""

from __future__ import annotations

from pathlib import Path

from support.serving import photos_model, running

from tuner.serving.access import digest_of
from tuner.serving.model.guard import access_of
from tuner.serving.model.settings import Settings

TOKEN = "s3cret-π"


def test_on_this_machine_names_that_lead_here_from_elsewhere_and_pages_of_others_are_refused(tmp_path: Path) -> None:
    with running(photos_model(tmp_path / "model"), tmp_path) as server:
        here = f"127.0.0.1:{server.port}"
        for host in (here, "localhost", f"LOCALHOST:{server.port}", f"[::1]:{server.port}"):
            assert server.ask("/card", Host=host).status == 200, host
        for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "[::1", "", "[::2]"):
            answer = server.ask("/card", Host=host)
            assert answer.status == 403, host
            assert answer.message.startswith(f"Host '{host}'")
        body = '{"inputs": []}'
        for origin in ("http://evil.example", "null", "http://[", f"http://localhost:{server.port}"):
            answer = server.ask("/invocations", body, Origin=origin)
            assert answer.status == 403, origin
            assert "Origin" in answer.message
        assert server.ask("/invocations", body, Origin=f"http://{here}").status != 403
        assert server.ask("/card", Origin="http://evil.example").status == 200  # it cannot read the answer
        assert "access-control-allow-origin" not in server.ask("/card", Origin="http://evil.example").headers


def test_with_a_token_only_the_page_and_the_probes_are_open(tmp_path: Path) -> None:
    with running(photos_model(tmp_path / "model"), tmp_path, token=TOKEN) as server:
        for path in ("/", "/docs", "/ping", "/health", "/pages/page.css"):
            assert server.ask(path).status == 200
        for path in ("/card", "/examples", "/metrics", "/version", "/openapi.json", "/nothing"):
            answer = server.ask(path)
            assert answer.status == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "photos" not in answer.body.decode()
        sent = TOKEN.encode().decode("latin-1")  # as bytes of UTF-8
        for wrong in (sent, "Bearer", "Bearer ", f"Bearer {sent}x", f"Basic {sent}", "Bearer s3cret"):
            assert server.ask("/card", Authorization=wrong).status == 401, wrong
        for right in (f"Bearer {sent}", f"bearer  {sent}"):
            assert server.ask("/card", Authorization=right).status == 200, right
        for path in ("/pages/../card", "/pages/%2e%2e/card", "//card", "/card/"):
            assert server.ask(path).status in (401, 404)


def test_beyond_this_machine_any_name_will_do() -> None:
    """A proxy or a cluster gives it names that it cannot know."""
    access = access_of(Settings(host="0.0.0.0", token_digest=digest_of("t")))
    headers = [(b"host", b"models.example"), (b"authorization", b"Bearer t")]
    access.check({"type": "http", "method": "GET", "path": "/card", "headers": headers})


def test_no_other_file_is_served(tmp_path: Path) -> None:
    with running(photos_model(tmp_path / "model"), tmp_path) as server:
        for path in ("/pages/../try.py", "/pages/nothing.js", "/pages/%2e%2e%2fapp.py", "/pages/__init__.py"):
            assert server.ask(path).status == 404
