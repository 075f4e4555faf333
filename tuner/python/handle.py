"""A sweep that was begun earlier, here or by another process: `Sweep.open`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.python_space import plain_space
from tuner.core.sweep_folder import known_sweep
from tuner.core.sweep_options import Duration, read_growth
from tuner.python.engine import carry_out
from tuner.python.order import ResumeOrder
from tuner.python.quiet import quiet_imports
from tuner.python.result import Best, Result
from tuner.python.views import choose_view

if TYPE_CHECKING:
    import pandas as pd

    from tuner.sweeps.status import Status

POLL_S = 0.5


class Sweep:
    """A sweep by its name, finished or not. Each call looks anew at how it stands."""

    def __init__(self, name: str, folder: Path) -> None:
        """Use `Sweep.open`."""
        self.name = name
        self.folder = folder

    @classmethod
    def open(cls, name: str) -> Sweep:
        """The sweep of this name in the folder of all sweeps. Raises TunerError with the nearest names for none."""
        home = tuner_home()
        known_sweep(name, home)
        return cls(name, home / name)

    def status(self) -> Status:
        """How it stands now: its `state`, and a `summary` with the trials by state, the best one and the time left."""
        with quiet_imports():
            from tuner.sweeps.sweep_reader import SweepReader  # noqa: PLC0415 - imports Optuna

        return SweepReader(self.name, self.folder.parent).status()

    @property
    def best(self) -> Best:
        """The winner, or the best trial so far. Raises TunerError while no trial has a score."""
        return self.result.best

    @property
    def trials(self) -> pd.DataFrame:
        """A row for each trial so far: see `frames.trials_frame`."""
        return self.result.trials

    @property
    def epochs(self) -> pd.DataFrame:
        """A row for each trial and epoch so far: see `epoch_rows`."""
        return self.result.epochs

    @property
    def result(self) -> Result:
        """What it has come to so far."""
        return Result(self.name, self.folder)

    def stop(self, *, now: bool = False) -> None:
        """Stops the search after the running epochs; then the best trial is tested and registered. `now`: at once.

        Raises:
            TunerError: no process runs it.
        """
        from tuner.sweeps import control  # noqa: PLC0415

        control.stop(self.name, now=now)

    def pause(self) -> None:
        """Saves all trials and stops. Raises TunerError when no process runs it."""
        from tuner.sweeps import control  # noqa: PLC0415

        control.pause(self.name)

    def wait(self) -> Result:
        """Waits until no process runs it any more."""
        while self.status().running:
            time.sleep(POLL_S)
        return self.result

    def resume(
        self,
        *,
        trials: int | None = None,
        time_budget: Duration = None,
        space: str | Path | dict[str, Any] | None = None,
        set: Sequence[str] = (),
        constrain: str | Sequence[str] = (),
        max_epochs: int | None = None,
        retry_failed: bool = False,
        epoch_budget: int | None = None,
        gpu_budget: Duration = None,
        target_score: float | None = None,
        patience: int | None = None,
        detach: bool = False,
        dashboard: bool = False,
        progress: bool = True,
    ) -> Result:
        """Goes on with it, as `tuner resume` does, whose options these are.

        `detach`: returns at once, while it runs in the background. `progress`: whether it is shown.

        Raises:
            TunerError: it cannot go on; the message says why.
            SweepError: there is no model; what was done is kept.
        """
        more = read_growth(
            {
                "trials": trials,
                "time_budget": time_budget,
                "space": None if space is None or isinstance(space, dict) else Path(space),
                "given_space": plain_space(space) if isinstance(space, dict) else None,
                "overrides": (set,) if isinstance(set, str) else tuple(set),
                "constrain": constrain,
                "max_epochs": max_epochs,
                "retry_failed": retry_failed,
                "epoch_budget": epoch_budget,
                "gpu_budget": gpu_budget,
                "target_score": target_score,
                "patience": patience,
            }
        )
        more.check()
        order = ResumeOrder(name=self.name, more=more, detach=detach, dashboard=dashboard)
        carry_out(order, choose_view(progress=progress))
        return self.result

    def delete(self, *, keep_model: bool = False) -> None:
        """Deletes it for good, without a question: its folder, its runs in MLflow and its registered models.

        `keep_model`: the registered models stay. Where a champion is deleted, the best model that is left of its pair
        becomes the champion.

        Raises:
            TunerError: it runs, or MLflow does not answer; the message says whether something is left to be deleted.
        """
        with quiet_imports():
            from tuner.sweeps.removal import remove  # noqa: PLC0415 - imports MLflow

        for done in remove(self.name, self.folder.parent, keep_model=keep_model):
            if done.unfinished:
                raise TunerError(f"{self.name} is not deleted yet: {done.unfinished}; to finish it, delete it again")

    def rename(self, name: str) -> None:
        """Gives it another name, in its folder and in MLflow: `name` and `folder` are then the new ones.

        Raises:
            TunerError: it runs, the name is taken or impossible, or MLflow does not answer.
        """
        with quiet_imports():
            from tuner.sweeps import renaming  # noqa: PLC0415 - imports MLflow

        done = renaming.rename(self.name, name, self.folder.parent)
        if done.unfinished:
            before = f"{self.name} is {name} now, but not yet in MLflow"
            raise TunerError(f"{before}: {done.unfinished}; to finish it: tuner rename {self.name} {name}")
        self.name, self.folder = name, self.folder.parent / name

    def __repr__(self) -> str:
        return f"Sweep.open({self.name!r})"
