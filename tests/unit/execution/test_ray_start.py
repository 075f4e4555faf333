"""A Ray that does not start is started once more, and leaves no process behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray._private import services
from ray._private.node import Node
from support.common import make_config

from tuner.core.errors import SweepError, disk_error_text
from tuner.execution import ray_start

TIMED_OUT = Exception("The current node timed out during startup. This could happen because it is busy.")
Started = list["subprocess.Popen[bytes]"]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Started]:
    """Makes the attempts to start Ray end with these errors, each after a process was started. Gives the processes."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "x")
    monkeypatch.setattr("ray.shutdown", lambda: None)

    def fail(*errors: Exception) -> Started:
        left, started = list(errors), []

        def init(_: object, **_options: bool) -> str:
            started.append(services.ConsolePopen([sys.executable, "-c", "import time; time.sleep(600)"]))
            if left:
                raise left.pop(0)
            return ""

        monkeypatch.setattr(ray_start, "_init", init)
        return started

    return fail


def test_the_second_attempt_may_succeed(failing: Callable[..., Started]) -> None:
    started = failing(TIMED_OUT)
    ray_start.start_local(make_config())
    assert [process.poll() for process in started] == [-9, None]
    started[1].kill()
    started[1].wait()


def test_after_two_attempts_it_is_told_where_to_look_and_nothing_is_left(
    failing: Callable[..., Started], tmp_path: Path
) -> None:
    started = failing(TIMED_OUT, TIMED_OUT)
    with pytest.raises(SweepError) as told:
        ray_start.start_local(make_config())
    assert str(told.value) == (
        "Ray did not start, 2 times (The current node timed out during startup): end other programs if the machine is "
        f"busy, or look at gcs_server.out and raylet.out in {tmp_path}/ray/session_latest/logs, then: tuner resume demo"
    )
    assert [process.poll() for process in started] == [-9, -9]


def test_with_a_dashboard_ray_starts_with_its_helpers_and_tells_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[dict[str, object]] = []

    def start(**options: object) -> SimpleNamespace:
        asked.append(options | {"helpers": Node.start_monitor is usual})
        return SimpleNamespace(dashboard_url="127.0.0.1:8266")

    usual = Node.start_monitor
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "x")
    monkeypatch.setattr(ray_start, "gpu_count", lambda: 0)
    monkeypatch.setattr(ray_start, "use_lean_actors", lambda: None)
    monkeypatch.setattr("ray.init", start)
    assert ray_start.start_local(make_config(), dashboard=True) == "http://127.0.0.1:8266"
    assert ray_start.start_local(make_config()) == ""
    assert [(each["include_dashboard"], each["helpers"]) for each in asked] == [(True, True), (False, False)]


@pytest.mark.proof
def test_the_dashboard_answers_who_has_the_token() -> None:
    code = (
        "import urllib.request\n"
        "from urllib.error import HTTPError\n"
        "from tuner.core.environment import prepare_environment\n"
        "prepare_environment()\n"
        "import ray\n"
        "from support.common import make_config\n"
        "from tuner.execution import ray_start\n"
        "address = ray_start.start_local(make_config(), dashboard=True)\n"
        "for headers in ({}, {'Authorization': 'Bearer ' + 'ab' * 32}):\n"
        "    try:\n"
        "        asked = urllib.request.Request(address + '/api/v0/nodes', headers=headers)\n"
        "        print(urllib.request.urlopen(asked).status)\n"
        "    except HTTPError as error:\n"
        "        print(error.code)\n"
        "ray.shutdown()\n"
    )
    environment = {
        **os.environ,
        "RAY_AUTH_TOKEN": "ab" * 32,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["401", "200"]


@pytest.mark.parametrize(("error", "line"), [
    (OSError(errno.ENOSPC, "No space left on device"),
     "Ray cannot start: the disk is full: set RAY_TMPDIR to another folder, then: tuner resume demo"),
    (OSError(errno.EACCES, "Permission denied", "/x/python"),
     "Ray cannot start: permission denied: /x/python: mend that, then: tuner resume demo"),
    (OSError("AF_UNIX path length cannot exceed 107 bytes: /x"), "too long for sockets: set RAY_TMPDIR to a shorter"),
])  # fmt: skip
def test_what_can_never_start_is_not_tried_again(failing: Callable[..., Started], error: Exception, line: str) -> None:
    started = failing(error)
    with pytest.raises(SweepError) as told:
        ray_start.start_local(make_config())
    assert line in str(told.value)
    assert not disk_error_text(told.value), "its words stay as they are"
    assert [process.poll() for process in started] == [-9]


@pytest.mark.parametrize("home", ["/proc/nothing", ""])
def test_without_a_home_that_can_be_written_the_token_lives_as_long_as_the_process(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home or "/proc")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "")
    ray_start.ensure_token()
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 2 * ray_start.TOKEN_BYTES
