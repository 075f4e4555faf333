"""Two users of one machine do not come into each other's way."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator

import pytest
from support import processes
from support.two_users import User, lack, two_users

pytestmark = [pytest.mark.proof, pytest.mark.skipif(bool(lack()), reason=lack() or "there can be two users")]
TINY = ("digits", "cnn", "--trials", "2", "--max-epochs", "1", "--limit", "200", "--set", "width=0.25")
Done = tuple[int, str, str]
Type = Callable[..., Done]


def finish(*started: processes.Process) -> list[Done]:
    """Waits for commands: exit status, stdout and stderr of each."""
    try:
        printed = [process.communicate(timeout=280) for process in started]
        return [(process.returncode, *texts) for process, texts in zip(started, printed, strict=True)]
    finally:
        for process in started:
            processes.end(process, signal.SIGKILL)


@pytest.fixture(scope="module")
def people(environment: dict[str, str]) -> Iterator[tuple[User, User]]:
    """Ann and Bob, who have both run their first sweep, at the same time."""
    with two_users() as both:
        for code, _, err in sweep_at_once(both, environment):
            assert code == 0, err
        yield both


def sweep_at_once(people: tuple[User, User], environment: dict[str, str]) -> list[Done]:
    return finish(*(user.start("sweep", *TINY, "--json", environment=environment) for user in people))


def test_both_sweep_at_once_each_in_an_own_home(people: tuple[User, User], environment: dict[str, str]) -> None:
    assert {path.name for path in people[0].machine.view.glob("ray*")} == {"ray-of-12345", "ray-of-12346"}
    for user, (code, out, err) in zip(people, sweep_at_once(people, environment), strict=True):
        assert code == 0, err
        assert "warning" not in err
        assert json.loads(out)["folder"] == f"{user.home}/runs/digits-cnn-2"
        [(_, shown, _)] = finish(user.start("status", "--json", environment=environment))
        assert [each["sweep"] for each in json.loads(shown)] == ["digits-cnn-1", "digits-cnn-2"]
        assert {path.stat().st_uid for path in user.view.rglob("*")} == {user.number}


@pytest.fixture
def bob(people: tuple[User, User], environment: dict[str, str]) -> Type:
    """Types a command in the home of Ann's sweeps."""
    ann, bob = people

    def type_it(*arguments: str) -> Done:
        [done] = finish(bob.start(*arguments, environment={**environment, "TUNER_HOME": f"{ann.home}/runs"}))
        return done

    return type_it


def state_of(user: User) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in user.view.rglob("*")}


def test_what_only_reads_shows_the_sweeps_of_another_user(people: tuple[User, User], bob: Type) -> None:
    before = state_of(people[0])
    code, out, err = bob("status")
    assert (code, err) == (0, "")
    assert "digits-cnn-1  finished" in out
    for words in (("status", "digits-cnn-1"), ("logs", "digits-cnn-1"), ("list",)):
        code, out, err = bob(*words)
        assert (code, err) == (0, ""), words
        assert out
    assert state_of(people[0]) == before


@pytest.mark.parametrize(
    "words",
    [
        ("sweep", *TINY),
        ("train", "digits", "cnn"),
        ("resume", "digits-cnn-1"),
        ("stop", "digits-cnn-1"),
        ("pause", "digits-cnn-1"),
        ("report", "digits-cnn-1"),
        ("sync", "digits-cnn-1"),
        ("compare",),
        ("show", "digits", "cnn"),
    ],
)
def test_what_writes_says_in_a_line_that_it_may_not(
    people: tuple[User, User], bob: Type, words: tuple[str, ...]
) -> None:
    before = state_of(people[0])
    code, out, err = bob(*words)
    assert (code in (1, 2), out) == (True, "")
    assert "Traceback" not in err
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert f"{people[0].home}/runs" in line
    assert state_of(people[0]) == before


def test_a_sweep_that_may_not_be_read_is_left_out(people: tuple[User, User], bob: Type) -> None:
    hidden = people[0].view / "runs/digits-cnn-2"
    hidden.chmod(0o700)
    code, out, err = bob("status")
    assert code == 1
    assert "digits-cnn-1  finished" in out
    assert err == f"left out: digits-cnn-2: permission denied: {people[0].home}/runs/digits-cnn-2/sweep.json\n"
