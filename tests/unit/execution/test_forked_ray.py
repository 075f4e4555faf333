"""Ray in forks: a Ray of another shape is not guessed at, and settings are read again in forks alone."""

from __future__ import annotations

import os
from typing import Any

import pytest
import ray._raylet as library

from tuner.execution import forked_ray
from tuner.warm import mark


def test_another_version_of_ray_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked_ray, "version", lambda _: "2.61.0")
    with pytest.raises(forked_ray.ShapeError, match=r"warm starts are for Ray 2\.60\.\*, and this is 2\.61\.0"):
        forked_ray.before_import()
    assert "RAY_JOB_ID" not in os.environ


@pytest.mark.parametrize("name", ["Config", "AuthenticationTokenLoader"])
def test_a_ray_of_another_shape_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forked_ray.after_import()
    monkeypatch.delattr(library, name)
    with pytest.raises(forked_ray.ShapeError, match="no warm starts"):
        forked_ray.after_import()


@pytest.mark.parametrize("forked", [True, False])
def test_settings_are_read_again_in_forks_alone(forked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class Config:
        @staticmethod
        def initialize(_: bytes) -> None:
            read.append("settings")

    class Tokens:
        @staticmethod
        def instance() -> Any:
            return Tokens

        @staticmethod
        def reset_cache() -> None:
            read.append("token")

    monkeypatch.setattr(library, "Config", Config)
    monkeypatch.setattr(library, "AuthenticationTokenLoader", Tokens)
    monkeypatch.setattr(mark, "_zygote", "abc")  # whether it is a fork of it or has it for its workers
    monkeypatch.setattr(mark, "_forked", forked)
    forked_ray.adopt_environment()
    assert read == (["settings", "token"] if forked else [])
