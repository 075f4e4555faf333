"""The Optuna study of a sweep: suggests parameters, and stores everything that the trials report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from tuner.core.config import SweepConfig
from tuner.core.earlier import default_values, first_trial
from tuner.core.objective import PLAIN, Goal
from tuner.core.records import TrialRecord, Value, trial_seed
from tuner.core.sweep_folder import SweepFolder
from tuner.core.warm_trials import WarmTrials
from tuner.search.comparable import Comparable
from tuner.search.samplers import BY_TPE, Sampling, random_start
from tuner.search.samplers.refitted import RefittedTrials
from tuner.search.samplers.view import StudyForSampler
from tuner.search.schedulers import make_scheduler
from tuner.search.score_history import Length, lengths_of
from tuner.search.space_file import space_of
from tuner.search.start_points import values_to_draw
from tuner.search.study_reader import STUDY, quiet_optuna
from tuner.search.study_store import StudyStore

FIXED = "fixed_params"  # Optuna's own: with this attribute of a trial these values are taken, as if they were drawn


class Study(StudyStore):
    """The memory of a sweep, which also says what it tries next."""

    def __init__(
        self,
        journal: Path,
        space: Callable[[Any], dict[str, Value]],
        *,
        seed: int,
        trials: int,
        lengths: Sequence[Length] = (Length(first=0, levels=(1,)),),
        start: Sequence[Mapping[str, Value]] = (),
        sampling: Sampling = BY_TPE,
        goal: Goal = PLAIN,
        refitted: RefittedTrials | None = None,
        warm: WarmTrials | None = None,
    ) -> None:
        """Opens a study, or creates it.

        Args:
            journal: its file.
            space: gives the parameters of a trial of Optuna, which it may draw: see `space.SearchSpace`.
            seed: of what is drawn.
            trials: how many there will be.
            lengths: after which epochs the sampler compares trials.
            start: what the first trials of `sampling` get in place of what would be drawn, by the names in the study.
            sampling: how parameters are drawn.
            goal: what trials are compared by.
            refitted: the earlier trials as they lie in the search space, if that was changed or there are `warm` ones.
            warm: trials of an earlier sweep that the sampler begins with.
        """
        super().__init__(journal, goal)
        seen = refitted.warm([each.parameters for each in warm.trials]) if refitted and warm else []
        self._asker = StudyForSampler(STUDY, self._storage, sampling.view, len(goal.objectives), refitted, seen)
        self._space = space
        self._start = start
        self._seed = seed
        self._startup = random_start(trials)
        before = self._records[: sampling.first] if refitted else []
        tried = [drawn for record in before if refitted and (drawn := refitted.drawn(record.parameters)) is not None]
        self._sampling = replace(sampling, tried=tuple(tried))
        self._scores = Comparable(lengths, goal, warm, key=refitted.key if refitted else None)
        for record in self._records:
            self._scores.note(record)

    @classmethod
    def of(cls, config: SweepConfig, folder: SweepFolder) -> Study:
        """The study of a sweep, new or as it was left."""
        space = space_of(config)
        start = [values_to_draw(point, space) for point in space.start]
        skipped = make_scheduler(config).skipped
        sampling = Sampling(config.sampler, space.parameters, first_trial(config), skipped)
        warm = WarmTrials.of(config)
        defaults = {**(warm.defaults if warm else {}), **default_values(config)}
        refitted = RefittedTrials(space, sampling.first, defaults) if config.earlier or warm else None
        return cls(
            folder.journal,
            space,
            seed=config.seed,
            trials=config.trials,
            lengths=lengths_of(config),
            start=start,
            sampling=sampling,
            goal=config.goal,
            refitted=refitted,
            warm=warm,
        )

    def ask(self) -> tuple[int, dict[str, Value]]:
        """Creates a trial and samples its parameters."""
        with self._journal.together():
            return self.reissue(self._create())

    def reissue(self, number: int) -> tuple[int, dict[str, Value]]:
        """A trial to resume, with its parameters. Those that were not sampled before are sampled now."""
        if not self.record(number).parameters:
            seed = trial_seed(self._seed, number)
            self._asker.look(self._scores.scores(), seed)
            place = number - self._sampling.first
            if 0 <= place < len(self._start):
                self._storage.set_trial_system_attr(self._ids[number], FIXED, dict(self._start[place]))
            self._asker.sampler = self._sampling.make_sampler(seed=self._seed, number=number, startup=self._startup)
            with quiet_optuna(), self._journal.together():
                self._note(number, "parameters", self._space(optuna.Trial(self._asker, self._ids[number])))
        return number, self.record(number).parameters

    def _on_change(self, record: TrialRecord) -> None:
        self._scores.note(record)
