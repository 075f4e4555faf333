"""What is said while no trial gets a worker."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.common import make_config

from tuner.execution.tune_callbacks import WAIT_AGAIN_S, WAIT_PATIENCE_S, WaitNotice


def test_it_is_said_after_a_while_and_again_after_some_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("tuner.execution.tune_callbacks.time", SimpleNamespace(monotonic=lambda: now))
    told: list[str] = []
    waiting = WaitNotice(make_config(cpus_per_trial=4, gpus_per_trial=0.5), told.append)
    waiting.note(2, 0)
    now += WAIT_PATIENCE_S - 1
    waiting.note(2, 0)
    waiting.note(2, 1)  # one has a worker
    now += 2
    waiting.note(2, 0)
    assert told == []
    now += WAIT_PATIENCE_S
    for _ in range(3):
        waiting.note(2, 0)
    line = "2 trials wait for 4 CPU and 0.5 GPU each: they are in use, or nodes are starting"
    assert told == [line]
    now += WAIT_AGAIN_S
    waiting.note(1, 0)
    assert told == [line, line.replace("2 trials wait", "a trial waits")]
