"""An MLflow server that is away, slow or broken costs no epoch, no run and no time of the training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.common import Command

from faults import outages
from faults.faulty_proxy import KINDS, faulty_proxy
from faults.ledger import Ledger
from faults.outages import TINY, TURNS, Counts
from tuner.core.errors import TunerError
from tuner.tracking.store import Store

Check = Callable[[Counts], None]
WORDS = {
    "down": "down",
    "500": "answering 500",
    "429": "answering 429",
    "slow": "slow",
    "slow to the end": "slow to the end",
    "held": "not answering till the end",
    "cut+lost": "doing the work, its answer lost",
    "+".join(KINDS): "failing in all these ways at random",
    "gone, then synced": "gone for good, then `tuner sync`",
}
MIDDLE = (outages.down, outages.broken, outages.busy)


@pytest.fixture
def check(ledger: Ledger) -> Check:
    def enter(counts: Counts) -> None:
        print(counts)
        ledger.enter(f"the MLflow server {WORDS[counts.kind]}", counts.injected, counts.found)
        assert counts.found.wrong == []
        assert counts.found.metrics > 100

    return enter


@pytest.mark.faults
@pytest.mark.parametrize("fail", MIDDLE)
def test_a_server_that_is_away_for_the_middle_of_a_sweep_is_sent_everything_once(
    server: str, tmp_path: Path, fail: Callable[..., Counts], check: Check
) -> None:
    counts = fail(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 3
    [away, back] = counts.said
    assert TURNS[0] in away
    assert TURNS[1] in back


@pytest.mark.faults
def test_a_slow_server_gets_everything_and_is_not_complained_about(server: str, tmp_path: Path, check: Check) -> None:
    counts = outages.slow(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 4
    assert counts.said == ()


@pytest.mark.proof
@pytest.mark.faults
def test_what_is_slow_to_the_end_is_waited_for_while_it_answers(server: str, tmp_path: Path, check: Check) -> None:
    check(outages.slow_to_the_end(tmp_path / "x", server))


@pytest.mark.faults
def test_a_report_does_not_wait_for_an_answer(server: str, tmp_path: Path, check: Check) -> None:
    check(outages.held(tmp_path / "x", server))


@pytest.mark.faults
def test_an_answer_that_is_lost_doubles_nothing(server: str, tmp_path: Path, check: Check) -> None:
    counts = outages.cut(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 5


@pytest.mark.faults
def test_faults_of_all_kinds_at_random(server: str, tmp_path: Path, check: Check) -> None:
    counts = outages.mixed(tmp_path / "x", server)
    check(counts)
    assert counts.injected >= 3


@pytest.mark.faults
def test_what_a_server_that_never_came_back_has_missed_is_synced(server: str, tmp_path: Path, check: Check) -> None:
    before, after = outages.gone(tmp_path / "x", server)
    assert before.found.lost_metrics > 0
    assert before.unsent
    check(after)


def test_a_wrong_token_is_an_error_at_the_start(
    server: str, tuner: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_proxy(server) as proxy:
        proxy.token = "the right one"
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", proxy.token)
        store = Store(uri=proxy.uri, artifacts=None)
        store.check()
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "wrong!")
        with pytest.raises(TunerError, match="the server refuses the token that MLFLOW_TRACKING_TOKEN holds"):
            store.check()
        done = tuner("sweep", *TINY, folder=tmp_path, MLFLOW_TRACKING_URI=proxy.uri, MLFLOW_TRACKING_TOKEN="wrong!")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.endswith("the server refuses the token that MLFLOW_TRACKING_TOKEN holds")
    assert list(tmp_path.glob("runs/*")) == []


@pytest.mark.faults
@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("fail", [*MIDDLE, outages.slow, outages.cut, outages.mixed])
def test_more_of_the_same(server: str, tmp_path: Path, fail: Callable[..., Counts], seed: int, check: Check) -> None:
    check(fail(tmp_path / "x", server, seed))


@pytest.mark.faults
@pytest.mark.proof
def test_an_answer_may_take_five_seconds(server: str, tmp_path: Path, check: Check) -> None:
    check(outages.slow(tmp_path / "x", server, delay=5.0))
