"""Models on a Ray cluster: what a newcomer types and reads, answers as here, and what dies or changes under load."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.common import Command, Start, free_port
from support.compose import DOCKER
from support.followed_model import BLACK, PAIR, Load, make_store
from support.http_requests import Answer
from support.processes import wait_until
from support.ray_cluster import Cluster, ray_cluster
from support.serving import TEXT, ask, running

from tuner.core.package import copy_package
from tuner.tracking.store import Store
from tuner.tracking.versions import Versions

pytestmark = pytest.mark.proof
GIVEN = "the token of the nodes"
ROUTES = ("/card", "/examples", "/version", "/ping", "/nothing", "/", "/docs")


@dataclass
class Place:
    """A cluster, and the store of its models."""

    cluster: Cluster
    store: Store
    home: Path
    port: int

    def ask(self, path: str, body: str | None = None, token: str = "", kind: str = "application/json") -> Answer:
        """One request to a model, by its name and the path."""
        return ask(self.port, path, body, kind, **({"Authorization": f"Bearer {token}"} if token else {}))

    def served(self) -> dict[str, Any]:
        """What Ray Serve's dashboard says of all applications."""
        found: Any = self.cluster.ask("/api/serve/applications/")
        return dict(found["applications"])

    def replicas(self, name: str = PAIR) -> dict[str, int]:
        """The process of each replica that answers."""
        [deployment] = self.served()[name]["deployments"].values()
        return {each["replica_id"]: each["pid"] for each in deployment["replicas"] if each["state"] == "RUNNING"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("served")
    store = make_store(folder, database)
    environment = {"TUNER_HOME": str(folder / "runs"), "TUNER_SERVE_TOKEN": GIVEN}
    with ray_cluster(cpus=3, environment=environment) as cluster:
        yield Place(cluster, store, folder / "runs", free_port())


@pytest.fixture
def tell(tuner: Command, place: Place, tmp_path: Path) -> Callable[..., str]:
    """Types `tuner serve ... --address`, and gives what is printed."""

    def run(*words: str, code: int = 0, **extra: str) -> str:
        done = tuner(
            "serve", *words, "--address", place.cluster.address, folder=tmp_path, **place.cluster.client, **extra
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def begin(place: Place, tell: Callable[..., str], *words: str) -> str:
    """Serves the model. Returns its token."""
    said = tell(PAIR, "--host", "127.0.0.1", "--port", str(place.port), *words)
    return said.split("Bearer ")[1].split()[0]


def test_a_newcomer_serves_looks_and_ends_and_every_line_is_true(place: Place, tell: Callable[..., str]) -> None:
    Versions(place.store.uri, PAIR).set_champion(1)
    assert tell("--list").startswith(f"{place.cluster.address} serves nothing. To begin: tuner serve MODEL --address")
    lines = tell(PAIR, "--replicas", "2", "--host", "127.0.0.1", "--port", str(place.port)).splitlines()
    address = f"http://127.0.0.1:{place.port}/{PAIR}"
    token = lines[1].split("Bearer ")[1]
    assert lines == [
        f"{PAIR} is served at {address}/#token={token}   (2 replicas)",
        f"Requests need the header   Authorization: Bearer {token}",
        f'Try: curl -H "Authorization: Bearer {token}" {address}/card   All requests: {address}/docs',
        f"It goes on without this terminal. To end it: tuner serve {PAIR} --stop --address {place.cluster.address}",
    ]
    jobs = json.dumps(place.cluster.ask("/api/jobs/"))
    assert token not in jobs
    assert token not in json.dumps(place.served())
    check_routes(place, token)
    [heading, row] = tell("--list").splitlines()
    assert heading.split() == ["name", "state", "replicas", "address"]
    assert row.split() == [PAIR, "running", "2", "of", "2", f"{address}/"]
    taken = tell(PAIR, code=2)
    assert taken == (
        f"error: {place.cluster.address} serves {PAIR} already, at {address}/: --replace puts this in its place, "
        "and --as gives this another name\n"
    )
    assert "serves at 127.0.0.1" in tell(f"models:/{PAIR}/2", "--as", "second", "--port", "9", code=2)
    said = tell(f"models:/{PAIR}/2", "--as", "second", "--no-token")
    assert said.startswith(f"second is served at http://127.0.0.1:{place.port}/second   (1 replica)\n")
    assert place.ask("/second/card").json["version"] == "2"
    assert place.ask(f"/{PAIR}/card", token=token).json["version"] == "1"
    assert "does not serve third; it serves photos-cnn, second" in tell("third", "--stop", code=2)
    assert tell("second", "--stop") == "second is not served any more\n"
    assert set(place.served()) == {PAIR}
    assert tell(PAIR, "--stop") == f"{PAIR} is not served any more\n"
    assert place.served() == {}
    assert not wait_until(lambda: ask(place.port, "/-/routes").status, timeout=0.2), "Ray Serve has ended with its last"


def check_routes(place: Place, token: str) -> None:
    """Answers, refusals, the page and metrics are those of the server on this machine."""
    with running(PAIR, place.home, token=token, host="0.0.0.0") as here:
        for path in ROUTES:
            mine, other = place.ask(f"/{PAIR}{path}", token=token), here.ask(path, Authorization=f"Bearer {token}")
            assert (mine.status, mine.body) == (other.status, other.body), path
            assert mine.headers["x-frame-options"] == "DENY"
        for body in (json.dumps(BLACK), '{"inputs": "x"}', "{"):
            mine = place.ask(f"/{PAIR}/invocations", body, token)
            other = here.ask("/invocations", body, Authorization=f"Bearer {token}")
            assert (mine.status, mine.body) == (other.status, other.body), body
    assert place.ask(f"/{PAIR}/predict", "x", token, TEXT).status == 400
    assert place.ask(f"/{PAIR}/invocations", json.dumps({"inputs": [[[[0] * 8] * 8] * 3] * 1025}), token).status == 413
    for path in ("/card", "/metrics", "/openapi.json"):
        assert place.ask(f"/{PAIR}{path}").status == 401, path
        assert place.ask(f"/{PAIR}{path}", token="wrong").status == 401, path
    assert place.ask(f"/{PAIR}/ping").status == 200
    moved = place.ask(f"/{PAIR}")
    assert (moved.status, moved.headers["location"]) == (308, f"./{PAIR}/")
    page = place.ask(f"/{PAIR}/").body.decode()
    for link in re.findall(r'(?:href|src)="([^":,]+)"', page):
        assert not link.startswith("/"), link
        assert place.ask(f"/{PAIR}/{link}").status == 200, link
    assert place.ask("/").status == 404

    seen: set[str] = set()

    def all_seen() -> bool:
        text = place.ask(f"/{PAIR}/metrics", token=token).body.decode()
        seen.update(re.findall(r'replica="([^"]+)"', text))
        return seen == set(place.replicas())

    assert wait_until(all_seen, timeout=60, poll=0.05), seen


def test_under_load_a_champion_changes_the_model_is_replaced_and_a_replica_dies(
    place: Place, tell: Callable[..., str]
) -> None:
    versions = Versions(place.store.uri, PAIR)
    versions.set_champion(1)
    token = begin(place, tell, "--replicas", "2", "--follow", "0.5")
    invoke = partial(place.ask, f"/{PAIR}/invocations", token=token)
    first = invoke(json.dumps(BLACK)).body

    def versions_seen() -> set[str]:
        return {place.ask(f"/{PAIR}/card", token=token).json["version"] for _ in range(20)}

    with Load(invoke, 4) as load:
        load.wait(50)
        versions.set_champion(2)
        assert wait_until(lambda: versions_seen() == {"2"}, timeout=60)
        load.wait(50)
        before = place.replicas()
        said = tell(PAIR, "--replicas", "2", "--replace", TUNER_SERVE_TOKEN=token)
        assert token in said
        assert not set(place.replicas()) & set(before)
        load.wait(50)
    assert {answer.status for answer in load.answers} == {200}
    assert load.answers[0].body == first
    assert len({answer.body for answer in load.answers}) == 2
    clients = 4
    with Load(invoke, clients) as load:
        load.wait(50)
        before = place.replicas()
        os.kill(next(iter(before.values())), signal.SIGKILL)
        assert wait_until(lambda: len(set(place.replicas()) - set(before)) == 1, timeout=120)
        load.wait(50)
    lost = [answer.status for answer in load.answers if answer.status != 200]
    assert set(lost) <= {500}
    assert len(lost) <= clients, "only what it was working on, and each is answered"
    assert tell(PAIR, "--stop") == f"{PAIR} is not served any more\n"


def test_requests_that_wait_bring_another_replica(place: Place, tell: Callable[..., str]) -> None:
    token = begin(place, tell, "--replicas", "1..2", "--max-batch", "4")
    assert len(place.replicas()) == 1
    with Load(partial(place.ask, f"/{PAIR}/invocations", token=token), 8) as load:
        assert wait_until(lambda: len(place.replicas()) == 2, timeout=240)
        load.wait(20)
    assert {answer.status for answer in load.answers} == {200}
    assert tell("--list").splitlines()[1].split()[2:5] == ["2", "of", "2"]
    assert tell(PAIR, "--stop") == f"{PAIR} is not served any more\n"


def test_attached_it_says_what_happens_and_a_signal_ends_what_it_has_begun(
    start: Start, place: Place, tell: Callable[..., str], tmp_path: Path
) -> None:
    words = (PAIR, "--no-token", "--host", "127.0.0.1", "--port", str(place.port), "--attach")
    process = start("serve", *words, "--address", place.cluster.address, folder=tmp_path, **place.cluster.client)
    assert process.stderr is not None
    assert process.stderr.readline().endswith("(1 replica; Ctrl-C ends it)\n")
    assert place.ask(f"/{PAIR}/ping").status == 200
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert f"Ending {PAIR}" in err
    assert place.served() == {}
    process = start("serve", *words, "--address", place.cluster.address, folder=tmp_path, **place.cluster.client)
    assert process.stderr is not None
    process.stderr.readline()
    assert tell(PAIR, "--stop") == f"{PAIR} is not served any more\n"
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.endswith(f"{PAIR} is not served any more\n")


def test_what_cannot_be_served_there_is_said_in_one_line(place: Place, tell: Callable[..., str]) -> None:
    [weights] = [path for path in place.home.rglob("weights.safetensors") if path.parent.name == "model-3"]
    weights.write_bytes(weights.read_bytes()[:99])
    for words, message in {
        ("nothing",): "unknown model 'nothing': ",
        (f"models:/{PAIR}/9",): f"models:/{PAIR}/9: there is no such version",
        ("models:/x@champion",): "models:/x@champion: no version of x has this alias",
        (f"models:/{PAIR}/3",): f"{PAIR} cannot be served: ",
    }.items():
        said = tell(*words, "--host", "127.0.0.1", "--port", str(place.port), code=2)
        assert said.startswith("error: "), said
        assert message in said
        assert said.count("\n") == 1, said
    assert place.served() == {}


def test_other_code_than_the_clusters_goes_along_and_stays_when_a_replica_dies(
    tuner: Command, place: Place, tell: Callable[..., str], tmp_path: Path
) -> None:
    package = copy_package(tmp_path / "changed")
    card = package / "serving" / "model" / "card.py"
    card.write_text(
        card.read_text()
        + '\n\n_plain = make_card\n\n\ndef make_card(*given): return {**_plain(*given), "changed": 1}\n'
    )
    words = ("serve", PAIR, "--no-token", "--host", "127.0.0.1", "--port", str(place.port))
    there = ("--address", place.cluster.address)
    done = tuner(*words, *there, folder=tmp_path, PYTHONPATH=str(package.parent), **place.cluster.client)
    assert done.returncode == 0, done.stderr
    assert place.ask(f"/{PAIR}/card").json["changed"] == 1
    before = place.replicas()
    os.kill(next(iter(before.values())), signal.SIGKILL)
    assert wait_until(lambda: len(set(place.replicas()) - set(before)) == 1, timeout=120)
    assert place.ask(f"/{PAIR}/card").json["changed"] == 1
    assert tell(PAIR, "--stop") == f"{PAIR} is not served any more\n"


def test_the_rayservice_of_kubernetes_is_deployed_as_its_operator_does_it(
    place: Place, tell: Callable[..., str]
) -> None:
    """By a PUT of serveConfigV2 to the dashboard; the model's name and the port are the tests' own."""
    manifest = yaml.safe_load((DOCKER / "rayservice.yaml").read_text(encoding="utf-8"))
    config = yaml.safe_load(manifest["spec"]["serveConfigV2"])
    [application] = config["applications"]
    application["args"]["model"] = PAIR
    config["http_options"] |= {"host": "127.0.0.1", "port": place.port}
    place.cluster.put("/api/serve/applications/", config)
    name = application["name"]

    def running_now() -> bool:
        state = str(place.served().get(name, {}).get("status"))
        assert state != "DEPLOY_FAILED", place.served()[name]["message"]
        return state == "RUNNING"

    assert wait_until(running_now, timeout=120, poll=0.5)
    route = application["route_prefix"]
    assert place.ask(f"{route}/ping").status == 200
    assert place.ask(f"{route}/card").status == 401
    assert place.ask(f"{route}/card", token=GIVEN).json["name"] == PAIR
    [deployment] = place.served()[name]["deployments"].values()
    limits = deployment["deployment_config"]["autoscaling_config"]
    assert (limits["min_replicas"], limits["max_replicas"]) == (1, 4)
    assert tell(name, "--stop") == f"{name} is not served any more\n"
