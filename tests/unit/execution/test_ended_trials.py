"""What is looked at in each step of Ray Tune's loop: of thousands of trials only those that have not ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial

from tuner.execution.tune_callbacks import DroppedTrials, Unended


class MadeUpTrial:
    """A trial of Ray Tune's that counts how often it is looked at."""

    def __init__(self, number: int, status: str = Trial.PENDING) -> None:
        self.trial_id, self.config = f"t{number}", {"number": number}
        self.looks, self._status = 0, status

    @property
    def status(self) -> str:
        self.looks += 1
        return self._status

    def become(self, status: str) -> None:
        """Ray Tune changes its state."""
        self._status = status

    def is_finished(self) -> bool:
        return self.status in (Trial.ERROR, Trial.TERMINATED)


def test_a_trial_that_has_ended_is_seen_once_more_and_never_again() -> None:
    unended, trials = Unended(), [MadeUpTrial(0), MadeUpTrial(1)]
    assert unended.look(trials) == trials
    trials[0].become(Trial.TERMINATED)
    trials.append(MadeUpTrial(2, Trial.ERROR))
    assert unended.look(trials) == trials
    assert unended.look(trials) == [trials[1]]
    trials[1].become(Trial.RUNNING)
    assert unended.look(trials) == [trials[1]]


def test_a_trial_that_ray_tune_drops_is_given_back_once() -> None:
    given: list[int] = []
    controller: Any = SimpleNamespace(on_dropped=given.append)
    live = {f"t{number}" for number in range(4)}
    searcher: Any = SimpleNamespace(live_trials=live, on_trial_complete=live.discard)
    trials = [MadeUpTrial(number, Trial.RUNNING) for number in range(4)]
    dropped = DroppedTrials(controller, searcher)
    dropped.on_step_end(0, trials)
    trials[2].become(Trial.ERROR)
    searcher.on_trial_complete("t0")  # told that it ended, as it should be
    trials[0].become(Trial.TERMINATED)
    for step in range(1, 4):
        dropped.on_step_end(step, trials)
    assert (given, live) == ([2], {"t1", "t3"})
    before = trials[0].looks
    dropped.on_step_end(4, trials)
    assert trials[0].looks == before, "ended ones cost nothing"
