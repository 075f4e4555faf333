"""Ray Tune callbacks: dropped and stalled trials, trials that wait. Those for lost workers are in `worker_deaths`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.search import ConcurrencyLimiter

from tuner.core.config import SweepConfig
from tuner.search.controller import Controller

ABSENT_S = 10.0  # Ray Tune looks several times a second
TICK_S = 0.1


class Unended:
    """The trials that have not ended: Ray Tune hands over all in each step, and thousands may have ended."""

    def __init__(self) -> None:
        self._left: list[Any] = []
        self._seen = 0

    def look(self, trials: list[Any]) -> list[Any]:
        """Those of all `trials`, of which Ray Tune takes none away, that had not ended at the look before."""
        found = [*self._left, *trials[self._seen :]]
        self._left, self._seen = [trial for trial in found if not trial.is_finished()], len(trials)
        return found


class Ticker(Callback):  # type: ignore[misc]
    """Calls back several times a second, and says how many trials wait for a worker and how many have one."""

    def __init__(self, tick: Callable[[], None], waiting: Callable[[int, int], None], *, together: bool) -> None:
        self._tick = tick
        self._waiting = waiting
        self._together = together
        self._unended = Unended()
        self._due = 0.0

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:  # noqa: ARG002
        """Called by Ray Tune, with many workers a hundred times a second."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + TICK_S
        self._tick()
        trials = self._unended.look(trials)
        states = [trial.status for trial in trials]
        pending, running = states.count(Trial.PENDING), states.count(Trial.RUNNING)
        begun = any(trial.status == Trial.RUNNING and trial.last_result.get("epoch") for trial in trials)
        if self._together and running and not begun:  # for Tune they run while Ray Train waits for their GPUs
            waiting = min(running, _unplaced())
            pending, running = pending + waiting, running - waiting
        self._waiting(pending, running)


class DroppedTrials(Callback):  # type: ignore[misc]
    """Gives trials back to the controller that Ray Tune has dropped without telling the searcher.

    Ray Tune does so when a warm worker is not ready for its next trial within TUNE_FUNCTION_THREAD_TIMEOUT_S, because
    the previous trial is still stopping.
    """

    def __init__(self, controller: Controller, searcher: ConcurrencyLimiter) -> None:
        self._controller = controller
        self._searcher = searcher
        self._unended = Unended()

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:  # noqa: ARG002
        """Called by Ray Tune."""
        for trial in self._unended.look(trials):
            if trial.status == Trial.ERROR and trial.trial_id in self._searcher.live_trials:
                self._controller.on_dropped(trial.config["number"])
                self._searcher.on_trial_complete(trial.trial_id)


class StallGuard(Callback):  # type: ignore[misc]
    """Fails trials that have a worker but finish no epoch for too long, and stops their workers."""

    def __init__(self, controller: Controller, timeout: float, *, together: bool) -> None:
        """`timeout` in seconds; the time in which a trial waits for its GPUs does not count."""
        self._controller = controller
        self._together = together
        self._timeout = timeout
        self._unended = Unended()
        self._seen: dict[str, tuple[float, Any]] = {}
        self._looked = time.monotonic()

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:  # noqa: ARG002
        """Looks at the trials that run."""
        now = time.monotonic()
        if now - self._looked > ABSENT_S:  # this process was suspended, and reports are still to be read
            self._seen = {key: (since + now - self._looked, shown) for key, (since, shown) in self._seen.items()}
        self._looked = now
        running = [trial for trial in self._unended.look(trials) if trial.status == Trial.RUNNING]
        self._seen = {trial.trial_id: self._since(trial, now) for trial in running}
        late = [trial for trial in running if now - self._seen[trial.trial_id][0] > self._timeout]
        if late and not (self._together and _unplaced()):
            for trial in late:
                self._end(trial)

    def _since(self, trial: Any, now: float) -> tuple[float, Any]:
        """When what the trial shows now was seen first."""
        shown = (trial.config["number"], trial.last_result.get("epoch"), trial.num_failures)
        before = self._seen.get(trial.trial_id)
        return before if before and before[1] == shown else (now, shown)

    def _end(self, trial: Any) -> None:
        self._controller.on_lost(trial.config["number"], f"no epoch finished in {self._timeout:g} s")
        trial.max_failures = 0  # it is not to be tried again
        ray.kill(trial.temporary_state.ray_actor)


def _unplaced() -> int:
    """How many groups of workers wait for a node with room for them."""
    return sum(group["state"] == "PENDING" for group in ray.util.placement_group_table().values())


WAIT_PATIENCE_S = 15.0  # a worker takes some seconds to start
WAIT_AGAIN_S = 300.0


class WaitNotice:
    """Is told from time to time how many trials wait for a worker, and how many have one."""

    def __init__(self, config: SweepConfig, tell: Callable[[str], None]) -> None:
        """`tell` shows a user a line."""
        gpus = f" and {config.gpus_per_trial:g} GPU" if config.gpus_per_trial else ""
        self._demand = f"{config.cpus_per_trial} CPU{gpus}"
        self._tell = tell
        self._since: float | None = None
        self._due = 0.0

    def note(self, waiting: int, working: int) -> None:
        """Tells a line when trials wait, and none works, for a while; and again after some minutes."""
        now = time.monotonic()
        if working or not waiting:
            self._since = None
            return
        if self._since is None:
            self._since, self._due = now, now + WAIT_PATIENCE_S
        if now >= self._due:
            self._due = now + WAIT_AGAIN_S
            trials = "a trial waits" if waiting == 1 else f"{waiting} trials wait"
            text = f"{trials} for {self._demand} each: they are in use, or nodes are starting"
            self._tell(text)
