"""The server of the page: what it answers, what it refuses, and that it ends. A real server, asked over HTTP."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.made_up_home import HOSTILE_FOLDER, add_three_sweeps, running
from support.processes import wait_until
from support.served import Client, served

from tuner.core.sweep_folder import SweepFolder
from tuner.serving.access import reading_key
from tuner.serving.board.acting import COOKIE
from tuner.serving.board.app import make_app
from tuner.serving.board.settings import Settings
from tuner.serving.server import Server
from tuner.sweeps.lock import Order, current_order

TOKEN = "the-token"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three sweeps, of which one has names that would like to be code."""
    home = tmp_path_factory.mktemp("home")
    add_three_sweeps(home, 9)
    report = SweepFolder(home / "digits-cnn-1").report
    report.mkdir()
    (report / "report.html").write_text("<script>1</script>")
    (report / "history.png").write_bytes(b"png")
    (home / "digits-cnn-1" / "secret.json").write_text("{}")
    (report / "link.json").symlink_to(home / "digits-cnn-1" / "secret.json")
    return home


@pytest.fixture(scope="module")
def client(many: Path) -> Iterator[Client]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNER_HOME", str(many))
        made = make_app(Settings(home=many, token=TOKEN))
        with served(made.app, TOKEN, Server(made.app, made.close)) as client:
            yield client


@pytest.fixture(autouse=True)
def same_home(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that the server runs in this process find the sweeps."""
    monkeypatch.setenv("TUNER_HOME", str(many))


def test_all_sweeps_and_the_trials_of_one(client: Client) -> None:
    rows = client.get("/api/sweeps").json["rows"]
    assert set(rows) == {"digits-cnn-1", "digits-cnn-2", HOSTILE_FOLDER}
    trials = client.get("/api/sweeps/digits-cnn-1/trials").json["rows"]
    assert sorted(map(int, trials)) == list(range(9))
    assert client.get("/api/about").json["home"]
    assert "digits" in client.get("/api/catalog").json["datasets"]


def test_a_chart_or_why_there_is_none(client: Client) -> None:
    chart = client.get("/api/sweeps/digits-cnn-1/charts/history").json
    assert chart["charts"][0]["data"]
    assert "note" in client.get("/api/sweeps/digits-cnn-1/charts/front").json
    assert "unknown chart" in client.get("/api/sweeps/digits-cnn-1/charts/x").json["error"]
    assert client.get("/api/sweeps/digits-cnn-1/charts/curves?trial=2").json["caption"].startswith("Trial 2")
    assert client.get("/api/sweeps/digits-cnn-1/charts/curves?trial=x").status == 422


def test_a_sweep_that_is_not_there_is_one_line(client: Client) -> None:
    for path in ("/api/sweeps/nothing/trials", "/report/nothing/", "/mlflow/nothing", "/api/sweeps/..%2Fx/trials"):
        answer = client.get(path)
        assert answer.status in (400, 404)
        assert b"Traceback" not in answer.body
    assert "unknown sweep 'nothing'" in client.get("/api/sweeps/nothing/trials").json["error"]


def test_the_page_is_whole_and_loads_nothing_from_elsewhere(client: Client) -> None:
    index = client.get("/")
    assert "default-src 'none'" in index.headers["content-security-policy"]
    assert "unsafe-eval" not in index.headers["content-security-policy"]
    for name in ("main.js", "board.css", "chart_theme.js", "plotly.js", "table.js"):
        assert client.get(f"/pages/{name}").status == 200, name
    assert client.get("/pages/nothing.js").status == 404
    assert client.get("/pages/..%2Fapp.py").status == 404


def test_the_scripts_of_the_page_make_no_markup_of_text() -> None:
    import tuner.serving.board

    pages = Path(tuner.serving.board.__file__).parent / "pages"
    scripts = {path.name: path.read_text(encoding="utf-8") for path in pages.glob("*.js")}
    assert len(scripts) >= 8
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
        assert not [name for name, text in scripts.items() if word in text], word


def test_a_report_is_shown_apart_from_the_page(client: Client) -> None:
    page = client.get("/report/digits-cnn-1/")
    assert (page.status, page.body) == (200, b"<script>1</script>")
    assert page.headers["content-security-policy"].startswith("sandbox")  # its scripts reach no token
    assert "allow-same-origin" not in page.headers["content-security-policy"]
    assert client.get("/report/digits-cnn-1/history.png").body == b"png"
    assert client.get("/report/digits-cnn-2/").status == 400
    for file in ("..%2Fsecret.json", "..%2Fsweep.json", "%2Fetc%2Fpasswd", "link.json", "x.html"):
        assert client.get(f"/report/digits-cnn-1/{file}").status in (400, 404), file


@pytest.mark.parametrize("path", ["stop", "pause", "resume", "report", "optuna"])
def test_without_the_token_no_sweep_is_touched(client: Client, path: str) -> None:
    stranger = Client(client.port)
    assert stranger.post(f"/api/sweeps/digits-cnn-1/{path}", {}).status == 401
    assert stranger.post("/api/start", {"dataset": "digits"}).status == 401
    foreign = client.post(f"/api/sweeps/digits-cnn-1/{path}", {}, origin="http://evil.example")
    assert foreign.status == 403
    assert client.get("/api/sweeps", host="evil.example").status == 403


def test_orders_go_where_those_of_the_command_line_go(client: Client, many: Path) -> None:
    refused = client.post("/api/sweeps/digits-cnn-1/stop", {})
    assert refused.status == 400
    assert refused.json["error"] == (
        "the sweep digits-cnn-1 is not running: it is paused; to continue: tuner resume digits-cnn-1"
    )
    with running(many, "digits-cnn-1"):
        assert client.post("/api/sweeps/digits-cnn-1/pause").json == {"command": "tuner pause digits-cnn-1"}
        assert current_order(many / "digits-cnn-1") is Order.PAUSE
        assert client.post("/api/sweeps/digits-cnn-1/stop", {}).json == {"command": "tuner stop digits-cnn-1"}
        assert current_order(many / "digits-cnn-1") is Order.STOP
        assert client.get("/api/sweeps").json["rows"]["digits-cnn-1"]["state"] == "stopping"
    assert client.post("/api/sweeps/digits-cnn-1/stop", {"now": "perhaps"}).status == 422


def test_a_command_is_composed_and_its_mistakes_are_told(client: Client) -> None:
    form = {"dataset": "digits", "models": ["cnn"], "trials": "4", "overrides": ["lr=0.001..0.1:log"]}
    assert client.post("/api/compose", form).json["command"] == (
        "tuner sweep digits cnn --trials 4 --set lr=0.001..0.1:log"
    )
    wrong = client.post("/api/compose", {"nothing": 1})
    assert wrong.status == 422
    assert "nothing" in wrong.json["error"]
    assert client.ask("POST", "/api/compose", None, authorization=f"Bearer {TOKEN}").status == 422


def test_links_that_lead_nowhere_say_why(client: Client) -> None:
    assert "MLflow's UI does not run" in client.get("/mlflow/digits-cnn-1").json["error"]
    assert "tuner ui --optuna" in client.post("/api/sweeps/digits-cnn-1/optuna").json["error"]


def test_names_stay_text(client: Client) -> None:
    from urllib.parse import quote

    name = quote(HOSTILE_FOLDER, safe="")
    answer = client.get(f"/api/sweeps/{name}/charts/parallel")
    assert answer.headers["content-type"] == "application/json"
    texts = json.dumps(answer.json["charts"])
    assert "&lt;b&gt;sgd" in texts
    assert "<script>" not in texts
    assert client.get(f"/report/{name}/").headers["content-type"] == "application/json"


def listen(client: Client, path: str) -> tuple[list[tuple[str, Any]], threading.Thread]:
    """The events that come, and the thread that hears them until the server ends."""
    heard: list[tuple[str, Any]] = []

    def hear() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        while line := answer.readline().decode():
            if line.startswith("event: "):
                data = answer.readline().decode().removeprefix("data: ")
                heard.append((line.removeprefix("event: ").strip(), json.loads(data)))
        connection.close()

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    return heard, thread


def names(heard: list[tuple[str, Any]], kind: str) -> set[str]:
    return {name for found, data in heard if found == kind for name in data["rows"]}


def test_open_pages_are_told_what_changes_and_nothing_else(many: Path) -> None:
    made = make_app(Settings(home=many, token=TOKEN))
    with served(made.app, TOKEN, Server(made.app, made.close)) as client:
        heard, _ = listen(client, "/api/events?sweep=digits-cnn-1")
        assert wait_until(lambda: names(heard, "sweeps") == {"digits-cnn-1", "digits-cnn-2", HOSTILE_FOLDER})
        assert wait_until(lambda: names(heard, "trials") == set(map(str, range(9))))
        before = len(heard)
        with running(many, "digits-cnn-1", live=[0]):
            assert wait_until(lambda: names(heard[before:], "trials") and names(heard[before:], "sweeps"))
        assert names(heard[before:], "sweeps") == {"digits-cnn-1"}
        assert names(heard[before:], "trials") == {"0"}


def test_a_stream_ends_with_the_server(many: Path) -> None:
    made = make_app(Settings(home=many, token=TOKEN))
    with served(made.app, TOKEN, Server(made.app, made.close)) as client:
        heard, thread = listen(client, "/api/events")
        assert wait_until(lambda: bool(heard))
    thread.join(30)
    assert not thread.is_alive()


def test_bound_elsewhere_the_token_is_needed_to_look(many: Path) -> None:
    made = make_app(Settings(home=many, token=TOKEN, host="0.0.0.0"))
    with served(made.app, "", Server(made.app, made.close)) as client:
        assert client.get("/").status == 200  # an empty page, which asks for the token
        assert client.get("/pages/main.js").status == 200
        for path in ("/api/sweeps", "/api/about", "/api/events", "/report/digits-cnn-1/", "/api/openapi.json"):
            assert client.get(path).status == 401, path
        assert client.get("/api/about", authorization=f"Bearer {TOKEN}").status == 200
        login = client.post("/api/login", authorization=f"Bearer {TOKEN}")
        assert login.status == 204
        cookie = login.headers["set-cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        key = f"{COOKIE}={reading_key(TOKEN)}"
        assert client.get("/report/digits-cnn-1/", cookie=key).status == 200
        assert client.post("/api/sweeps/digits-cnn-1/stop", {}, cookie=key).status == 401
