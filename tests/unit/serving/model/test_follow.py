"""A new champion answers without a request that is lost; one that cannot be loaded leaves the old one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.followed_model import BLACK, PAIR, Load, make_store
from support.serving import running

from tuner.tracking.store import Store
from tuner.tracking.versions import Versions


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Store:
    return make_store(tmp_path_factory.mktemp("store"), database)


@pytest.fixture
def home(store: Store) -> Path:
    """In place of the empty one."""
    return Path(str(store.artifacts).removeprefix("file://")).parent


@pytest.mark.parametrize("name", [PAIR, f"models:/{PAIR}@champion"])
def test_a_new_champion_answers_and_no_request_is_lost(store: Store, home: Path, name: str) -> None:
    versions = Versions(store.uri, PAIR)
    versions.set_champion(1)
    with running(name, home, follow_s=3600.0) as server:
        assert server.server.follows
        assert server.ask("/card").json["version"] == "1"
        first = server.invoke(BLACK).body
        assert server.look() is False
        with Load(partial(server.ask, "/invocations"), 4) as load:
            for number in (2, 1, 2, 1, 2):
                load.wait(20)
                versions.set_champion(number)
                assert server.look() is True
                assert server.ask("/card").json["version"] == str(number)
            load.wait(20)
        assert {answer.status for answer in load.answers} == {200}
        assert len({answer.body for answer in load.answers}) == 2  # both models have answered
        assert load.answers[0].body == first
        assert server.said == [
            f"{PAIR} version {n} answers now, in place of {PAIR} version {3 - n}" for n in (2, 1, 2, 1, 2)
        ]
        assert f'model="{PAIR}",sweep="sweep-2",version="2"' in server.ask("/metrics").body.decode()
        assert 'version="1"' not in server.ask("/metrics").body.decode()


def test_a_model_that_cannot_be_loaded_leaves_the_old_one_and_is_said_once(store: Store, home: Path) -> None:
    versions = Versions(store.uri, PAIR)
    versions.set_champion(1)
    [weights] = [path for path in home.rglob("weights.safetensors") if path.parent.name == "model-2"]
    kept = weights.read_bytes()
    weights.write_bytes(kept[: len(kept) // 2])
    with running(PAIR, home, follow_s=3600.0) as server:
        before = server.invoke(BLACK).body
        versions.set_champion(2)
        assert [server.look(), server.look()] == [False, False]
        [line] = server.said
        assert line.startswith(f"warning: {PAIR} version 2 cannot be loaded: ")
        assert line.endswith(f"; {PAIR} version 1 goes on")
        assert server.invoke(BLACK).body == before
        assert 'tuner_model_loads_total{ok="false"} 2.0' in server.ask("/metrics").body.decode()
        versions.clear_champion()  # then the newest version answers
        assert server.look() is True
        assert server.ask("/card").json["version"] == "3"
        versions.set_champion(2)
        weights.write_bytes(kept)  # it was mended
        assert server.look() is True
        assert server.ask("/card").json["version"] == "2"


def test_an_alias_that_is_gone_for_a_while_leaves_the_model_and_is_said_once(store: Store, home: Path) -> None:
    versions = Versions(store.uri, PAIR)
    versions.set_champion(1)
    with running(f"models:/{PAIR}@champion", home, follow_s=3600.0) as server:
        versions.clear_champion()
        assert [server.look(), server.look()] == [False, False]
        [line] = server.said
        assert line.startswith("warning: which version is to answer is not known now: ")
        assert "no version of photos-cnn has this alias" in line
        assert server.invoke(BLACK).status == 200
        versions.set_champion(1)
        assert server.look() is False
        assert len(server.said) == 1


def test_one_version_stays_what_it_is_and_a_pair_without_a_champion_has_its_newest(store: Store, home: Path) -> None:
    Versions(store.uri, PAIR).clear_champion()
    with running(f"models:/{PAIR}/1", home, follow_s=3600.0) as server:
        assert server.server.follows is False
        assert server.ask("/card").json["version"] == "1"
    with running(PAIR, home, follow_s=3600.0) as server:
        assert "has no champion" in server.said[0]
        assert server.ask("/card").json["version"] == "3"
