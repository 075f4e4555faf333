"""Where a sweep's trials run: what every executor can do, and which one a sweep has."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import NoReturn, Protocol, Self

from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.in_process import InProcessExecutor
from tuner.execution.signals import Stop
from tuner.search.controller import Controller
from tuner.training.job import Arrays, Job


class Executor(Protocol):
    """A context manager: entering it starts what trials need, or connects to it; leaving it ends that."""

    @property
    def shares_disk(self) -> bool:
        """Whether all trials see the sweep's folder, so that their checkpoints can lie there."""

    @property
    def dashboard(self) -> str:
        """The address of the dashboard that was started, to be asked when it is entered; empty if none was."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, controller: Controller, job: Job, arrays: Arrays, *, tick: Callable[[], None]) -> None:
        """Runs the controller's trials until it is over, or until a signal stops the sweep.

        Args:
            controller: gives the trials and hears their reports.
            job: what all trials have in common.
            arrays: the data, see `trial_data.to_trial_data`.
            tick: called several times a second on this thread.
        """


def runs_in_process(config: SweepConfig) -> bool:
    """Whether there is a single trial for this machine, which needs no Ray. A user's own code prints, and may hang."""
    alone = config.trials == 1 and config.gpus_per_trial <= 1 and not config.trial_timeout and config.program is None
    return alone and not on_cluster()


def make_executor(
    config: SweepConfig,
    folder: SweepFolder,
    stop: Stop,
    on_dead: Callable[[str, Callable[[], None]], NoReturn],
    *,
    dashboard: bool = False,
) -> Executor:
    """The executor of a sweep: this process for a single trial on this machine, else Ray.

    Args:
        config: the sweep's.
        folder: the sweep's.
        stop: hears the signals that stop the sweep.
        on_dead: ends this process when Ray has died or cannot be ended; it is given the reason, and a function that
            kills what is left of Ray's processes.
        dashboard: whether a Ray that is started here has its dashboard.
    """
    if runs_in_process(config):
        return InProcessExecutor()
    from tuner.execution.ray_tune import RayExecutor  # noqa: PLC0415 - imports Ray, which takes seconds

    return RayExecutor(config, folder, stop, on_dead, dashboard=dashboard)
