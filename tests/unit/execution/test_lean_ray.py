"""A local Ray without its helpers: what is left out, and that a Ray of another shape starts with them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ray._private.node import Node
from support.common import make_config

from tuner.execution import lean_ray, ray_start
from tuner.execution.forked_ray import JOB, ShapeError

RAYLET = [
    "/x/ray/raylet",
    "--dashboard_agent_command=/usr/bin/python -u /x/dashboard/agent.py --node-id=n1 --session-dir=/s --head",
    "--runtime_env_agent_command=/usr/bin/python -u /x/agent/main.py --node-id=n1 --session-dir=/s",
    "--python_worker_command=/usr/bin/python /x/setup_worker.py /x/default_worker.py --a=b",
    "--head",
]


def test_the_raylet_gets_stubs_with_the_same_arguments() -> None:
    with lean_ray.lean_ray() as leaner:
        changed = leaner(RAYLET)
        assert leaner(["/x/gcs_server", "--a"]) == ["/x/gcs_server", "--a"]
    stub = f"{sys.executable} -S -E {Path(lean_ray.__file__).parent / 'stubs'}"
    ports = "metrics_agent_port,metrics_export_port,dashboard_agent_listen_port"
    assert changed == [
        "/x/ray/raylet",
        f"--dashboard_agent_command={stub}/agent.py {ports} --node-id=n1 --session-dir=/s --head",
        f"--runtime_env_agent_command={stub}/agent.py runtime_env_agent_port --node-id=n1 --session-dir=/s",
        f"--python_worker_command={stub}/worker.py /x/default_worker.py --a=b",
        "--head",
    ]


def test_workers_are_forked_where_there_is_a_zygote() -> None:
    with lean_ray.lean_ray("abc") as leaner:
        changed = leaner(RAYLET)
    stub = Path(lean_ray.__file__).parent / "stubs" / "forked_worker.py"
    worker = f"--python_worker_command={sys.executable} -S -E {stub} abc {JOB} /x/default_worker.py --a=b"
    assert changed[3:] == [worker, "--head"]


def test_the_names_of_ray_are_set_again() -> None:
    before = {name: getattr(Node, name) for name in lean_ray._HELPERS}
    with lean_ray.lean_ray():
        assert all(getattr(Node, name) is not before[name] for name in before)
    assert all(getattr(Node, name) is before[name] for name in before)


@pytest.mark.parametrize("left_out", [1, 2, 3])
def test_a_raylet_with_other_flags_is_not_guessed_at(left_out: int) -> None:
    with lean_ray.lean_ray() as leaner, pytest.raises(ShapeError):
        leaner([word for place, word in enumerate(RAYLET) if place != left_out])


@pytest.mark.parametrize("where", ["a name", "a flag"])
def test_a_ray_of_another_shape_starts_with_its_helpers(
    where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from ray._private import services

    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "x")
    monkeypatch.setattr("ray.shutdown", lambda: None)
    monkeypatch.setattr(ray_start, "gpu_count", lambda: 0)
    monkeypatch.setattr(services, "ConsolePopen", lambda command, **_: commands.append(command))
    commands: list[list[str]] = []
    starts: list[Callable[..., object]] = []

    def init(_: object, **_options: bool) -> str:
        starts.append(Node.start_monitor)
        services.ConsolePopen(["/x/raylet", "--of another shape"])
        return ""

    monkeypatch.setattr(ray_start, "_init", init)
    if where == "a name":
        monkeypatch.setattr(lean_ray, "_HELPERS", ("start_api_server", "start_other"))
    usual = Node.start_monitor
    with caplog.at_level(logging.WARNING, "tuner"):
        ray_start.start_local(make_config())
    assert commands == [["/x/raylet", "--of another shape"]]
    assert starts[-1] is usual
    assert len(starts) == (1 if where == "a name" else 2)
    [line] = caplog.messages
    assert "has another shape (no " in line
    assert line.endswith("it starts with its helpers, which takes longer")
