"""What a user asks of a new sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.core.budgets import NOTHING_ASKED, BudgetRequest
from tuner.core.config import MOST_EPOCHS, MOST_TRIALS, OOM
from tuner.core.confirm_request import ConfirmRequest, check_finalists
from tuner.core.data_options import NOT_DIVIDED, DataOptions
from tuner.core.ensemble_request import check_size
from tuner.core.errors import TunerError, unknown
from tuner.core.objective import Goal
from tuner.core.program_request import ProgramRequest
from tuner.core.search_options import AUTO, FIDELITIES, SAMPLERS, SCHEDULERS
from tuner.core.target_kind import kind_of


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """A sweep as requested on the command line; None means the default."""

    dataset: str = ""
    model: str = ""
    """A name, or several with commas between; empty for those that suit the data."""
    program: ProgramRequest | None = None
    """A user's own code in place of a model on a dataset."""
    trials: int | None = None
    """By default TRIALS, and with the sampler `grid` all points of the grid."""
    max_epochs: int | None = None
    time_budget: float | None = None
    concurrency: int | None = None
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    workers_per_node: int | None = None
    max_failures: int = 2
    max_failure_rate: float = 0.9
    trial_timeout: float | None = None
    oom: str = "fail"
    seed: int = 0
    name: str | None = None
    limit: int | None = None
    space: Path | None = None
    target: str | None = None
    task: str | None = None
    """One of `target_kind.TASKS`. None until the data decides: any metric may be an objective then."""
    weights: Path | None = None
    storage: str | None = None
    overrides: Sequence[str] = ()
    constrain: Sequence[str] = ()
    """Relations between hyperparameters: see search/relations.py. (`constraint` is about what a trial comes to.)"""
    warm_start: str | None = None
    """The name of a sweep whose best parameters are a start point."""
    enqueue: Path | None = None
    """A file of points that are tried first."""
    given_space: dict[str, Any] | None = None
    """A search space as a dictionary, in place of a file: see `core.python_space`."""
    fixed: dict[str, Any] | None = None
    """A parsed search space instead of a file: `tuner train` uses it."""
    repeats: int = 0
    """The number, in another sweep, of the trial that the first one repeats."""
    halved: int = 0
    """The first epoch that the repeated trial trained in half batches; 0 if it did not."""
    passes: dict[str, float] | None = None
    """Over the samples in an epoch, by the title of the model: those of the repeated trial, see `SweepConfig`."""
    data: str | None = None
    """The fingerprint that the data must have."""
    pretrained: str | None = None
    """The fingerprint that the weights must have."""
    known_as: str | None = None
    """The name that `--as` gives the data: the first half of the pair's name."""
    options: DataOptions = NOT_DIVIDED
    """How a user's own data are read and divided."""
    notify: str | None = None
    """Whom to tell how the sweep has ended: a command, or an http address."""
    confirm: ConfirmRequest | None = None
    """How the best trial is confirmed at the end of the search; None when it is not."""
    sampler: str = SAMPLERS[0]
    scheduler: str = SCHEDULERS[0]
    fidelity: str = FIDELITIES[0]
    """In what several models are compared: one of FIDELITIES."""
    refit: bool = False
    """Whether the winner is trained again on training and validation samples together."""
    ensemble: int | None = None
    """How many models an ensemble has at most that is made at the end; None for none."""
    without_default: bool = False
    """Whether the default configuration, and the start points of the search space, are left out."""
    budgets: BudgetRequest = NOTHING_ASKED
    objective: str | None = None
    """As in SweepConfig, but a direction may be left out."""
    constraint: str | None = None

    @property
    def goal(self) -> Goal:
        """What "better" is to mean. Raises TunerError for what is no objective, or no constraint."""
        if self.program is not None:
            if self.objective is None:
                raise TunerError(
                    "--objective: say by which metric trials are compared, such as --objective val_loss:min"
                )
            return Goal.parse(self.objective, self.constraint or "", own=True)
        return Goal.parse(self.objective, self.constraint or "", task=self.task)

    def check(self) -> None:
        """Raises TunerError for an option that must be at least 1 and is not, and for an invalid seed."""
        if self.task is not None:
            kind_of(self.task)
        for option in ("trials", "max_epochs", "concurrency", "cpus_per_trial", "workers_per_node", "limit"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise TunerError(f"--{option.replace('_', '-')} must be at least 1, got {value}")
        if self.max_failures < 0:
            raise TunerError(f"--max-failures must be at least 0, got {self.max_failures}")
        if not 0 <= self.max_failure_rate <= 1:
            raise TunerError(f"--max-failure-rate {self.max_failure_rate:g}: give a share from 0 to 1")
        if self.notify is not None and not self.notify.strip():
            raise TunerError("--notify: give a command, or an address that begins with http:// or https://")
        self.budgets.check()
        undecided = self.task is None and self.objective is None and self.dataset.startswith(("csv:", "openml:"))
        self.budgets.check_target(self.goal, "val_accuracy or val_r2" if undecided else "")
        if self.confirm:
            self.confirm.check("--confirm")
            check_finalists(self.confirm, self.goal, self.scheduler)
        if self.ensemble is not None:
            check_size(self.ensemble, "--ensemble", own=self.program is not None)
        self._check_search()
        for option, most in (("trials", MOST_TRIALS), ("max_epochs", MOST_EPOCHS)):
            if (getattr(self, option) or 0) > most:
                raise TunerError(f"--{option.replace('_', '-')} must be at most {most}, got {getattr(self, option)}")
        if not 0 <= self.seed < 2**31:
            raise TunerError(f"--seed must be at least 0 and below 2147483648, got {self.seed}")

    def _check_search(self) -> None:
        """Raises TunerError for a name that is none, and for a sampler or scheduler that cannot take the objectives."""
        if self.oom not in OOM:
            raise unknown("--oom", self.oom, OOM)
        if self.sampler not in (*SAMPLERS, AUTO):
            raise unknown("--sampler", self.sampler, (*SAMPLERS, AUTO))
        if self.fidelity not in FIDELITIES:
            raise unknown("--fidelity", self.fidelity, FIDELITIES)
        if self.scheduler not in SCHEDULERS:
            raise unknown("--scheduler", self.scheduler, SCHEDULERS)
        if self.goal.several and self.scheduler == "pbt":
            raise TunerError("--scheduler pbt takes one objective: with two use asha, hyperband, pasha, median or none")
        if self.goal.several and self.sampler == "cmaes":
            raise TunerError("--sampler cmaes takes one objective: with two use tpe, gp, random, qmc or grid")
