"""What each phase of a sweep begins with: its study, the one who decides, and what its trials have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.finalists import with_finalists
from tuner.core.kept_checkpoints import compared_at_end, with_ensemble
from tuner.core.sweep_folder import SweepFolder
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.sweeps.confirming import Confirming, Trainings
from tuner.sweeps.finalists import best_trial, plan_finalists
from tuner.sweeps.growth import plan_confirmation, plan_refit
from tuner.sweeps.inputs import Inputs, SweepInputs
from tuner.sweeps.phases import Phase
from tuner.sweeps.populations import make_population
from tuner.sweeps.program_inputs import ProgramInputs
from tuner.sweeps.refitting import Refitting
from tuner.tracking.background import BackgroundTracker
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.trial import TrialJob

if TYPE_CHECKING:
    from tuner.sweeps.choice import Choice


@dataclass(frozen=True, kw_only=True)
class PhasePlanner:
    """Begins the phases of one sweep in their order. A phase that is not asked for, or is over, is None."""

    config: SweepConfig
    folder: SweepFolder
    inputs: Inputs
    trainings: Trainings
    storage: CheckpointStorage | None
    tracker: BackgroundTracker
    events: Callbacks

    def begin_search(self) -> Phase | None:
        """The search itself."""
        if self.trainings.searched:
            return None
        scheduler = make_scheduler(self.config)
        study = self.trainings.study
        before = ConfirmPlan.load_earlier(self.folder)
        usual = compared_at_end(self.config)
        keeps = with_finalists(self.config, usual, before.finalists if before else ())
        keeps = with_ensemble(self.config, keeps)
        population = make_population(self.config, study, self.folder, self.storage)
        controller = Controller(self.config, study, scheduler, self.folder, self.events, keeps, population)
        for line in controller.budgets.begun:
            self.events.on_note(line, warning=False)
        return Phase(
            self.config, study, controller, self.inputs.job(self.config, self.folder, self.storage, scheduler.rungs())
        )

    def begin_confirming(self) -> Phase | None:
        """The trainings that confirm the best trial."""
        trainings = self.trainings
        if not trainings.searched:
            plan = self._plan_confirming()
            trainings.confirming = Confirming(self.config, self.folder, plan) if plan else None
        confirming = trainings.confirming
        if confirming is None:
            return None
        self.events.on_note(confirming.announcement(), warning=False)
        controller = confirming.controller(self.events, self.tracker)
        return Phase(
            confirming.config,
            confirming.study,
            controller,
            confirming.job(self._training_job()),
            confirms=True,
        )

    def _plan_confirming(self) -> ConfirmPlan | None:
        if isinstance(self.inputs, ProgramInputs):  # there is no model of ours to train again
            return None
        if self.config.finalists:
            return plan_finalists(self.config, self.folder, self.trainings.study, self.events)
        choice = self._choose()
        return plan_confirmation(self.config, self.folder, choice.trial, self.events) if choice else None

    def begin_refitting(self) -> Phase | None:
        """The training of the winner on all samples but those of the test set."""
        trainings = self.trainings
        if not self.config.refit or self.folder.result.exists():
            return None
        if trainings.refitting is None:
            choice = self._choose()
            plan = plan_refit(self.folder, choice.trial, trainings.study.records()) if choice else None
            trainings.refitting = Refitting(self.config, self.folder, plan) if plan else None
        refitting = trainings.refitting
        if refitting is None:
            return None
        self.events.on_note(refitting.announcement(), warning=False)
        controller = refitting.controller(self.events, self.tracker)
        return Phase(
            refitting.config,
            refitting.study,
            controller,
            refitting.job(self._training_job()),
            refits=True,
        )

    def _choose(self) -> Choice | None:
        from tuner.sweeps.choice import choose  # noqa: PLC0415 - imports scipy

        best = best_trial(self.config, self.trainings)
        return choose(self.config, self.trainings.study, self.folder, self.storage, self._data.splits, best)

    def _training_job(self) -> TrialJob:
        """That of trainings which are compared nowhere."""
        return self._data.job(self.config, self.folder, self.storage, ())

    @property
    def _data(self) -> SweepInputs:
        """The data of a sweep that has some: what tests, confirms or refits a model needs it."""
        assert isinstance(self.inputs, SweepInputs)
        return self.inputs
