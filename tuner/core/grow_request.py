"""How a user asks for more of a sweep: more trials or epochs, larger budgets, or a changed search space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.core.budgets import BUDGETS, NOTHING_ASKED, BudgetRequest
from tuner.core.config import MOST_EPOCHS, MOST_TRIALS
from tuner.core.errors import TunerError

GROWING = ("trials", "asked_trials", "time_budget", "epochs", "space", "earlier", "sampler", "auto", *BUDGETS)
"""The fields of SweepConfig that it changes."""


@dataclass(frozen=True, kw_only=True)
class GrowRequest:
    """More of a sweep, as asked for. None leaves it as it is."""

    trials: int | None = None
    """How many trials there will be, those that there are included."""
    time_budget: float | None = None
    """How many seconds the search may take from now on."""
    budgets: BudgetRequest = NOTHING_ASKED
    """Budgets as they will be, in all."""
    space: Path | None = None
    """The file of the search space that new trials are drawn from."""
    given_space: dict[str, Any] | None = None
    """The same as a dictionary: see `core.python_space`."""
    overrides: tuple[str, ...] = ()
    """What `--set` changes in it, or in the one that the sweep has."""

    constrain: tuple[str, ...] = ()
    """Further relations between hyperparameters, as `SweepRequest.constrain`."""

    max_epochs: int | None = None
    """How many epochs new trials train for, at most: more than before."""

    retry_failed: bool = False
    """Whether the points of failed trials are tried again."""

    @property
    def changes_space(self) -> bool:
        """Whether new trials are drawn from another search space."""
        return self.space is not None or self.given_space is not None or bool(self.overrides or self.constrain)

    @property
    def given(self) -> bool:
        """Whether anything is asked for."""
        return self != GrowRequest()

    def check(self) -> None:
        """Raises TunerError for an impossible number."""
        self.budgets.check()
        if self.trials is not None and not 1 <= self.trials <= MOST_TRIALS:
            raise TunerError(f"--trials must be at least 1 and at most {MOST_TRIALS}, got {self.trials}")
        if self.max_epochs is not None and not 1 <= self.max_epochs <= MOST_EPOCHS:
            raise TunerError(f"--max-epochs must be at least 1 and at most {MOST_EPOCHS}, got {self.max_epochs}")

    def words(self) -> list[str]:
        """The request as options of a command line."""
        words = [] if self.trials is None else ["--trials", str(self.trials)]
        words += [] if self.time_budget is None else ["--time-budget", f"{self.time_budget:f}s"]
        words += [] if self.max_epochs is None else ["--max-epochs", str(self.max_epochs)]
        words += ["--retry-failed"] if self.retry_failed else []
        words += [] if self.space is None else ["--space", str(self.space)]
        words += [word for each in self.overrides for word in ("--set", each)]
        words += [word for each in self.constrain for word in ("--constrain", each)]
        return [*words, *self.budgets.words()]
