"""The Optuna study of a sweep: suggests parameters, and stores everything that the trials report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from tuner.core.config import SweepConfig
from tuner.core.earlier import default_values, first_drawn_alike, first_trial
from tuner.core.objective import PLAIN, Goal
from tuner.core.records import TrialRecord, Value, trial_seed
from tuner.core.sweep_folder import SweepFolder
from tuner.core.warm_trials import WarmTrials
from tuner.search.ask_ahead import THINK_LONG, AskAhead
from tuner.search.comparable import Comparable
from tuner.search.quick_reading import quick_reading
from tuner.search.samplers import BY_TPE, Sampling, random_start
from tuner.search.samplers.point import Point, PointSampler
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
        self._asker = StudyForSampler(
            STUDY, self._storage, sampling.view, len(goal.objectives), refitted, seen, self._records
        )
        self._space = space
        self._start = start
        self._seed = seed
        self._trials = trials
        self._startup = random_start(trials)
        before = self._records[: sampling.first] if refitted else []
        tried = [drawn for record in before if refitted and (drawn := refitted.drawn(record.parameters)) is not None]
        self._sampling = replace(sampling, tried=tuple(tried))
        self._scores = Comparable(lengths, goal, warm, key=refitted.key if refitted else None)
        self._ahead: AskAhead | None = None
        with quick_reading():
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
        refitted = RefittedTrials(space, first_drawn_alike(config), defaults) if config.earlier or warm else None
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

    @contextmanager
    def asking_ahead(self, workers: int) -> Iterator[None]:
        """In this block the next point is drawn in the background, if that takes long and other workers train.

        Which results the point is drawn from is then up to chance. A single worker waits, so that its search repeats.
        """
        if workers == 1 or self._sampling.name not in THINK_LONG:
            yield
            return
        self._ahead = AskAhead(self._prepare)
        try:
            yield
        finally:
            self._ahead.close()
            self._ahead = None

    @property
    def ready(self) -> bool:
        """Whether `ask` has a new trial at once. Where points are drawn ahead, the next one may not be there yet."""
        return self._ahead is None or self._starts(self.count) or self._ahead.ready(self.count)

    def ask(self) -> tuple[int, dict[str, Value]]:
        """Creates a trial and samples its parameters."""
        self._journal.keep_snapshot(self._storage)
        point = self._ahead.take(self.count) if self._ahead and not self._starts(self.count) else None
        with self._journal.together():
            number = self._create()
            drawn = self.reissue(number) if point is None else self._take(number, PointSampler(point))
        if self._ahead and self.count < self._trials:
            self._ahead.begin(self.count)
        return drawn

    def reissue(self, number: int) -> tuple[int, dict[str, Value]]:
        """A trial to resume, with its parameters. Those that were not sampled before are sampled now."""
        if self.record(number).parameters:
            return number, self.record(number).parameters
        self._asker.look(self._scores.scores(), self.count, trial_seed(self._seed, number))
        if self._starts(number):
            point = self._start[number - self._sampling.first]
            self._storage.set_trial_system_attr(self._ids[number], FIXED, dict(point))
        return self._take(number, self._sampler(number))

    def _starts(self, number: int) -> bool:
        """Whether a trial has a start point."""
        return 0 <= number - self._sampling.first < len(self._start)

    def _sampler(self, number: int) -> BaseSampler:
        return self._sampling.make_sampler(seed=self._seed, number=number, startup=self._startup)

    def _take(self, number: int, sampler: BaseSampler) -> tuple[int, dict[str, Value]]:
        """Draws the parameters of a trial, and stores them."""
        self._asker.sampler = sampler
        with quiet_optuna(), self._journal.together():
            self._note(number, "parameters", self._space(optuna.Trial(self._asker, self._ids[number])))
        return number, self.record(number).parameters

    def _prepare(self, number: int) -> Callable[[], Point]:
        """What draws the point of a trial, by what is known now, and touches nothing of this study."""
        self._asker.look(self._scores.scores(), self.count, trial_seed(self._seed, number))
        with quiet_optuna():
            apart = self._asker.apart()
            apart.sampler = self._sampler(number)

        def draw() -> Point:
            trial = optuna.Trial(apart, apart.new_trial())
            self._space(trial)
            return trial.params

        return draw

    def _on_change(self, record: TrialRecord) -> None:
        self._scores.note(record)
