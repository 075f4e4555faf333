"""Whether a search takes no further epochs, and why: stopped, a budget ran out, or nearly all of its trials fail."""

from __future__ import annotations

from tuner.core.budgets import EXHAUSTED, FAILURES, STOPPED, TRIALS_ENDED
from tuner.core.config import SweepConfig
from tuner.core.earlier import first_trial
from tuner.search.budgets import Budgets
from tuner.search.stopping import failing_reason
from tuner.search.study import Study


class SearchEnd:
    """What ends a search before its last trial has ended."""

    def __init__(self, config: SweepConfig, study: Study, budgets: Budgets) -> None:
        self._config, self._study, self._budgets = config, study, budgets
        self._stopped = self._reason = ""

    @property
    def reached(self) -> bool:
        """Whether no further epoch may start."""
        return self.stopped or self._budgets.over

    @property
    def stopped(self) -> bool:
        """Whether `stop` has ended the search."""
        return bool(self._stopped)

    @property
    def reason(self) -> str:
        """Why trials end that still wait."""
        return self._reason or self._budgets.reason or "the search ended"

    @property
    def ended_by(self) -> str:
        """What ended the search: the name of a budget, or one of the words of `core.budgets`."""
        fewer = self._study.exhausted and (self._config.asked_trials or self._study.count < self._config.trials)
        return self._stopped or self._budgets.ended_by or (EXHAUSTED if fewer else TRIALS_ENDED)

    @property
    def hopeless(self) -> str:
        """The error that nearly all trials fail with, of those since the sweep last went on; empty for none."""
        return failing_reason(self._study.records()[first_trial(self._config) :], self._config.max_failure_rate)

    def stop(self, reason: str, why: str = STOPPED) -> None:
        """Starts no further epochs: running trials stop after their current epoch. `why` is for `ended_by`."""
        if not self.reached:
            self._stopped, self._reason = why, reason

    def stop_if_hopeless(self) -> None:
        """To be called when a trial has failed."""
        if hopeless := self.hopeless:
            self.stop(f"{hopeless}: the search was stopped early", FAILURES)
