"""The Optuna study of a sweep: suggests parameters, and stores everything that the trials report.

The study is the sweep's only memory. It lies in a journal file in the sweep's folder, which survives a crash at any
point and can be read by optuna-dashboard while the sweep runs. Only the process that holds the sweep writes to it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from tuner.core.records import SCORE, TrialRecord, Value, best_of, trial_seed
from tuner.search.journal import drop_torn_line
from tuner.search.samplers import MEMORY, StudyForSampler, make_sampler
from tuner.search.study_reader import KEPT, SPENT, STUDY, open_journal, quiet_optuna, to_record


class Study:
    """The memory of a sweep."""

    def __init__(self, journal: Path, space: Callable[[Any], dict[str, Value]], *, seed: int, trials: int) -> None:
        """`space` gives the parameters of a trial of Optuna, which it may draw: see `space.SearchSpace`."""
        self.torn = drop_torn_line(journal)
        with quiet_optuna():
            self._storage = open_journal(journal)
            self._study = optuna.create_study(
                storage=self._storage, study_name=STUDY, direction="maximize", load_if_exists=True
            )
        self._asker = StudyForSampler(STUDY, self._storage)
        self._space = space
        self._seed = seed
        self._startup = max(4, min(10, trials // 3))
        self._live: dict[int, optuna.Trial] = {}
        self._ended: dict[int, TrialRecord] = {}  # they no longer change, so they are read once

    def ask(self) -> tuple[int, dict[str, Value]]:
        """Creates a trial and samples its parameters."""
        self._asker.sampler = make_sampler(trial_seed(self._seed, len(self._frozen())), self._startup)
        with quiet_optuna():
            return self._draw(self._asker.ask())

    def reissue(self, number: int) -> tuple[int, dict[str, Value]]:
        """A trial to resume, with its parameters. Those that were not sampled before are sampled now."""
        self._asker.sampler = make_sampler(trial_seed(self._seed, number), self._startup)
        with quiet_optuna():
            return self._draw(optuna.Trial(self._asker, self._frozen()[number]._trial_id))

    def report(self, number: int, metrics: Mapping[str, float], *, kept_epoch: int = 0) -> dict[str, float] | None:
        """Stores an epoch's metrics (`epoch`, the score and the others), and which epoch is kept so far; 0 for unknown.

        Returns them with the `time`, in seconds since 1970, or None when the epoch was already stored. If a kill left
        an epoch half written, the values written first are kept, so that it has the same time everywhere. A trial's
        times never decrease, even if the clock does.
        """
        epoch, trial, key = int(metrics["epoch"]), self._trial(number), f"epoch {int(metrics['epoch'])}"
        frozen = self._frozen()[number]
        if epoch in frozen.intermediate_values:
            return None
        stored: dict[str, float] | None = frozen.user_attrs.get(key)
        if stored is None:
            stored = {"time": max(time.time(), to_record(frozen).latest), **metrics}
            trial.set_user_attr(key, {**stored, **({KEPT: kept_epoch} if kept_epoch else {})})
        if math.isfinite(metrics[SCORE]) and math.isfinite(metrics["val_loss"]):
            trial.report(stored[SCORE], epoch)
        return {name: value for name, value in stored.items() if name != KEPT}

    def note_node(self, number: int, node: str, epoch: int) -> None:
        """Stores on which node of a cluster a trial runs; `epoch` is the one that it is about to report from there."""
        record = self.record(number)
        if not record.nodes or record.nodes[-1][1] != node:
            self._trial(number).set_user_attr("nodes", [*record.nodes, (_first(record, epoch), node)])

    def note_conditions(self, number: int, conditions: Mapping[str, str | int], seed: int, epoch: int) -> None:
        """Stores a trial's seed, and the conditions of its training from this epoch on; see `note_node`."""
        record = self.record(number)
        if not record.conditions or record.conditions[-1][1] != conditions:
            trial = self._trial(number)
            trial.set_user_attr("seed", seed)
            trial.set_user_attr("conditions", [*record.conditions, (_first(record, epoch), dict(conditions))])

    def note_halved(self, number: int, epoch: int) -> None:
        """Stores that a trial trains in half batches from this epoch on."""
        if not self.record(number).halved:
            self._trial(number).set_user_attr("halved", epoch)

    def spent(self) -> tuple[float, ...]:
        """See `note_spent`; nothing before the first note."""
        return tuple(self._study.user_attrs.get(SPENT, ()))

    def note_spent(self, seconds: Sequence[float]) -> None:
        """Stores how long each run of the search has taken; the last run is still going."""
        self._study.set_user_attr(SPENT, list(seconds))

    def tell(self, number: int, state: str, reason: str = "", *, infeasible: bool = False) -> None:
        """Ends a trial: COMPLETE with the score of the epoch that is kept, PRUNED, or FAIL.

        A trial that has already ended does not change.
        If `infeasible`, a constraint is violated: the sampler avoids such points.
        """
        record = self.record(number)
        if record.ended:
            return
        if infeasible:
            self._trial(number).set_constraint(MEMORY, 1.0)
        if reason:
            self._trial(number).set_user_attr("reason", reason)
        self._live.pop(number, None)
        value = record.best.score if state == "COMPLETE" else None
        with quiet_optuna():
            self._study.tell(number, value, TrialState[state])

    def records(self) -> list[TrialRecord]:
        """All trials, in the order of their numbers."""
        return [self._ended.get(frozen.number) or self._read(frozen) for frozen in self._frozen()]

    def record(self, number: int) -> TrialRecord:
        """One trial."""
        return self._ended.get(number) or self._read(self._frozen()[number])

    def best(self) -> TrialRecord | None:
        """The trial with the best kept epoch, whatever its state except FAIL; None before the first epoch."""
        return best_of(self.records())

    def _read(self, frozen: FrozenTrial) -> TrialRecord:
        record = to_record(frozen)
        if record.ended:
            self._ended[record.number] = record
        return record

    def _draw(self, trial: optuna.Trial) -> tuple[int, dict[str, Value]]:
        parameters = self._space(trial)
        trial.set_user_attr("parameters", parameters)
        self._live[trial.number] = trial
        return trial.number, parameters

    def _trial(self, number: int) -> optuna.Trial:
        if number not in self._live:
            self._live[number] = optuna.Trial(self._study, self._frozen()[number]._trial_id)
        return self._live[number]

    def _frozen(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)


def _first(record: TrialRecord, epoch: int) -> int:
    """The first new epoch of a resumed trial, which begins with the report of its checkpoint's epoch."""
    return max(record.epoch, epoch if epoch > 1 else 0) + 1
