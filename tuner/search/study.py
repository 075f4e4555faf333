"""The Optuna study of a sweep: suggests parameters, and stores everything that the trials report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna.samplers import BaseSampler

from tuner.core.config import SweepConfig
from tuner.core.earlier import default_values, first_drawn_alike, first_of_length, first_trial
from tuner.core.objective import PLAIN, Goal
from tuner.core.records import TrialRecord, Value, trial_seed
from tuner.core.sweep_folder import SweepFolder
from tuner.core.warm_trials import WarmTrials
from tuner.search.ask_ahead import THINK_LONG, AskAhead
from tuner.search.comparable import Comparable
from tuner.search.new_points import NewPoints, NoNewPointError
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
from tuner.search.tentative import TentativeTrial

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
        points: NewPoints | None = None,
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
            points: which points may be tried; None where any may, also twice.
        """
        super().__init__(journal, goal)
        seen = refitted.warm([each.parameters for each in warm.trials]) if refitted and warm else []
        self._asker = StudyForSampler(
            STUDY, self._storage, sampling.view, len(goal.objectives), refitted, seen, self._records
        )
        self._space = space
        self._points = points
        self._start = start
        self._seed = seed
        self._trials = trials
        self._startup = random_start(trials)
        self._refitted = refitted
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
        sampling = Sampling(config.sampler, space, first_trial(config), skipped)
        warm = WarmTrials.of(config)
        defaults = {**(warm.defaults if warm else {}), **default_values(config)}
        refitted = RefittedTrials(space, first_drawn_alike(config), defaults) if config.earlier or warm else None
        study = cls(
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
            points=NewPoints(space),
        )
        study._note_tried(first_of_length(config))
        return study

    def _note_tried(self, first: int) -> None:
        """Notes the points of the trials from this number on. Those before had fewer epochs than new ones."""
        for record in self._records[first:]:
            own = record.parameters_in(0)  # without what it took over from others
            before = self._refitted if self._refitted and record.number < self._refitted.first else None
            point = before.fitted(own) if before and own else own
            if point and self._points is not None:
                self._points.add(point)

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
        """Creates a trial and samples its parameters. Raises NoNewPointError where there is none, with its number."""
        self._journal.keep_snapshot(self._storage)
        point = self._ahead.take(self.count) if self._ahead and not self._starts(self.count) else None
        with self._journal.together():
            number = self._create()
            drawn = self.reissue(number) if point is None else self._take(number, [PointSampler(point)])
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
        return self._take(number, self._samplers(number))

    def _starts(self, number: int) -> bool:
        """Whether a trial has a start point."""
        return 0 <= number - self._sampling.first < len(self._start)

    @property
    def more(self) -> bool:
        """Whether new trials are to come."""
        return self.count < self._trials and not self.exhausted

    @property
    def exhausted(self) -> bool:
        """Whether no point is left to be tried."""
        return self._points is not None and self._points.exhausted and not self._starts(self.count)

    def _samplers(self, number: int) -> Iterator[BaseSampler]:
        """What draws the point of a trial; the later ones where what was drawn before may not be tried."""
        for redraw in range(1 + self._sampling.redraws):
            yield self._sampling.make_sampler(
                seed=self._seed, number=number, startup=self._startup, redraw=redraw, trials=self._trials
            )

    def _take(self, number: int, samplers: Iterable[BaseSampler]) -> tuple[int, dict[str, Value]]:
        """Draws the parameters of a trial, and stores them."""
        with quiet_optuna(), self._journal.together():
            trial, parameters = self._draw(number, self._asker, lambda: self._ids[number], samplers)
            trial.keep()
            self._note(number, "parameters", parameters)
        if self._points is not None:
            self._points.add(parameters)
        return number, self.record(number).parameters

    def _draw(
        self, number: int, asker: StudyForSampler, new: Callable[[], int], samplers: Iterable[BaseSampler]
    ) -> tuple[TentativeTrial, dict[str, Value]]:
        """A point that may be tried. A start point may be so in any case: it was asked for, perhaps once more.

        Args:
            number: of the trial.
            asker: the study as the samplers see it.
            new: gives the id, in its storage, of a trial without a point.
            samplers: draw, one after the other, until a point may be tried. Then one is taken that they did not draw.

        Raises:
            NoNewPointError: there is none.
        """
        parameters: dict[str, Value] = {}
        for asker.sampler in samplers:
            trial = TentativeTrial(asker, new())
            parameters = self._space(trial)
            points = None if trial.begun or self._starts(number) else self._points
            if points is None or points.may_try(parameters):
                return trial, parameters
            trial.forget()
        assert self._points is not None
        found = self._points.find(parameters, trial_seed(self._seed, number), near=self._sampling.learns)
        if found is None:
            raise NoNewPointError(number)
        asker.sampler = PointSampler(found)
        trial = TentativeTrial(asker, new())
        return trial, self._space(trial)

    def _prepare(self, number: int) -> Callable[[], Point]:
        """What draws the point of a trial, by what is known now, and touches nothing of this study."""
        self._asker.look(self._scores.scores(), self.count, trial_seed(self._seed, number))
        with quiet_optuna():
            apart, samplers = self._asker.apart(), [*self._samplers(number)]

        def draw() -> Point:
            return self._draw(number, apart, apart.new_trial, samplers)[0].params

        return draw

    def _on_change(self, record: TrialRecord) -> None:
        self._scores.note(record)
