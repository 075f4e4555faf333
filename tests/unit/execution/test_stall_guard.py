"""Trials that finish no epoch for too long."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.tune.experiment import Trial

from tuner.execution.tune_callbacks import StallGuard


class Clock:
    """A sweep of one trial that reports nothing, and a clock that is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.lost: list[str] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(ray, "kill", lambda _: None)
        controller: Any = SimpleNamespace(on_lost=lambda number, reason: self.lost.append(f"{number}: {reason}"))
        self.watch = StallGuard(controller, 60.0, together=False)
        self.trial = SimpleNamespace(
            status=Trial.RUNNING,
            is_finished=lambda: False,
            trial_id="x",
            config={"number": 3},
            last_result={"epoch": 1},
            num_failures=0,
            temporary_state=SimpleNamespace(ray_actor=None),
        )

    def wait(self, seconds: float, pause: float) -> None:
        """The sweep goes on for a while, and looks at its trial after each pause."""
        until = self.now + seconds
        while self.now < until:
            self.now += pause
            self.watch.on_step_end(0, [self.trial])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_trial_that_finishes_no_epoch_fails(clock: Clock) -> None:
    clock.wait(50, pause=0.5)
    assert clock.lost == []
    clock.wait(20, pause=0.5)
    assert clock.lost[0] == "3: no epoch finished in 60 s"


def test_the_time_in_which_the_sweep_itself_was_stopped_does_not_count(clock: Clock) -> None:
    """Ctrl-Z stops the driver and no worker: their reports wait."""
    clock.wait(50, pause=0.5)
    clock.wait(3600, pause=3600)
    assert clock.lost == []
    clock.trial.last_result = {"epoch": 9}
    clock.wait(50, pause=0.5)
    assert clock.lost == []
