"""One trial: from its parameters, or its checkpoint, to its last epoch. It runs in a Ray worker, or in this process."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from tuner.core.errors import TunerError
from tuner.core.kept_code import KeptCode
from tuner.core.objective import PLAIN, Goal
from tuner.core.own_code import adopt, title
from tuner.core.records import Value, trial_seed
from tuner.core.several_models import model_of
from tuner.core.sweep_folder import checkpoint_folder
from tuner.core.trial_report import Report, TrialReport
from tuner.core.units import counted
from tuner.data.reshuffle import Division, Rows
from tuner.data.spec import DataSpec
from tuner.training.checkpoint_manager import CheckpointManager, UnsavedError
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.checkpoint_sync import release_folder
from tuner.training.classifier import build_classifier, is_pretrained
from tuner.training.distributed import SINGLE_PROCESS, Ranks
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.hyperparameters import split_parameters
from tuner.training.job import Arrays
from tuner.training.loop import Training, fit
from tuner.training.measurement import measure
from tuner.training.memory import free_memory, is_out_of_memory
from tuner.training.pretrained import load_pretrained
from tuner.training.reproducibility import current_conditions, seed_torch
from tuner.training.targets import target_of
from tuner.training.trial_data import TrialData, to_trial_data


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """What all trials of a sweep have in common."""

    sweep: str
    data: DataSpec
    model: str
    """A name of the catalog or of a user's own code, which is in `code` then; or several, see `several_models`."""
    epochs: int
    rungs: tuple[int, ...]
    seed: int
    threads: int
    gpus: float
    """GPUs of a trial: 0, a fraction of one, 1 or more."""
    folder: Path
    """The folder of the checkpoints, on the node that a trial runs on."""
    storage: CheckpointStorage | None = None
    """Where checkpoints are kept, if not in that folder."""
    passes: Mapping[str, float] = field(default_factory=dict)
    """How often a trial sees the training samples in an epoch, by the title of its model; once where it is not here."""
    repeats: int = 0
    """The number, in another sweep, of the trial whose seed the first trial here has."""
    halved: int = 0
    """The first epoch to train in half batches; 0 for none."""
    halves: bool = False
    """Whether a trial that runs out of memory tries again in half batches."""
    seeds: tuple[int, ...] = ()
    """The seed of each trial, by its number. Empty where they follow from `seed` and `repeats`."""
    goal: Goal = PLAIN
    """What trials are compared by: it decides which epoch is kept, and what is measured before the first one."""
    splits: tuple[Division, ...] = ()
    """For each trial its own division into training and validation. Empty where all have the same."""
    whole: bool = False
    """Whether they train on the validation samples, too. Their validation scores say nothing then."""
    code: Mapping[str, KeptCode] = field(default_factory=dict)
    """The user's own code of models, by their names."""
    samples: str = ""
    """Identifies the data, see `Splits.fingerprint`; empty where that is not known."""

    @property
    def workers(self) -> int:
        """Processes that train a trial together: one for each of its GPUs."""
        return max(1, int(self.gpus))

    def hold(self, arrays: Arrays, device: torch.device) -> TrialData:
        """See Job."""
        return to_trial_data(arrays, device, self.samples)

    def run(self, number: int, parameters: Mapping[str, Value], held: TrialData, report: Report) -> None:
        """See Job."""
        run_trial(self, number, parameters, held, report)

    def seed_of(self, number: int) -> int:
        """The seed of a trial's training."""
        return self.seeds[number] if self.seeds else trial_seed(self.seed, self.repeats + number)

    def data_of(self, number: int, data: TrialData) -> TrialData:
        """What a trial trains on and is validated on."""
        if self.whole:
            return data._replace(rows=Rows.whole(data.train, data.validation))
        rows = self.splits[number].rows(data.train, data.validation, data.groups) if self.splits else None
        return data._replace(rows=rows)


def run_trial(job: TrialJob, number: int, parameters: Mapping[str, Value], data: TrialData, report: Report) -> None:
    """Trains one trial, from its checkpoint if it has one, and reports after each epoch.

    An error is reported and not raised: raising it would cost the warm worker. So is a checkpoint that is needed and
    cannot be written.
    """
    reached = 0

    def note_epoch(told: TrialReport) -> None:
        nonlocal reached
        reached = max(reached, told.epoch)
        report(told)

    try:
        failure = train_trial(job, number, parameters, data, note_epoch)
        if failure and failure.out_of_memory and job.halves:
            free_memory()
            failure = train_trial(with_half_batches(job, reached + 1), number, parameters, data, report)
    finally:
        if job.storage:
            release_folder(checkpoint_folder(job.folder, number))
    if failure:
        free_memory()
        report(failure)


def with_half_batches(job: TrialJob, epoch: int) -> TrialJob:
    """The job for the second try of a trial that ran out of memory: half batches from this epoch on."""
    return replace(job, halved=epoch, halves=False)


def train_trial(
    job: TrialJob,
    number: int,
    parameters: Mapping[str, Value],
    data: TrialData,
    report: Report,
    ranks: Ranks = SINGLE_PROCESS,
) -> TrialReport | None:
    """Trains the trial. Gives None, or the report of why it failed.

    When it returns, nothing holds a reference to the model any more.
    """
    storage = job.storage if ranks.first else None
    checkpoints = CheckpointManager(checkpoint_folder(job.folder, number), storage, writes=ranks.first)
    for code in job.code.values():
        adopt(code)
    try:
        data = job.data_of(number, data)
        training = _start(job, job.seed_of(number), parameters, data, ranks)
        _train(job, training, data, checkpoints, report)
    except UnsavedError as error:
        return TrialReport(unsaved=str(error))
    except Exception as error:
        reason = _reason(error, parameters, job.code.get(model_of(job.model, parameters)))
        broken = isinstance(error, torch.AcceleratorError) and not isinstance(error, torch.OutOfMemoryError)
        if broken or ranks.lost(error):
            raise  # a GPU's context, or another process, is lost: a new worker resumes from the checkpoint
        details = traceback.format_exc()
        traceback.clear_frames(error.__traceback__)
        return TrialReport(error=reason, details=details, out_of_memory=is_out_of_memory(error))
    return None


def _start(job: TrialJob, seed: int, parameters: Mapping[str, Value], data: TrialData, ranks: Ranks) -> Training:
    device = data.train.inputs.device
    seed_torch(seed, device)
    hyperparameters, arguments = split_parameters(job.model, parameters)
    name = model_of(job.model, parameters)
    if hyperparameters.batch_size < ranks.size:
        raise TunerError(f"batch size {hyperparameters.batch_size} cannot be divided among {ranks.size} GPUs")
    model = build_classifier(job.data, name, arguments)
    pretrained = is_pretrained(name, arguments)
    if pretrained:
        load_pretrained(model.network, job.model, name, data.pretrained)
    return Training(
        model,
        hyperparameters,
        epochs=job.epochs,
        seed=seed,
        device=device,
        ranks=ranks,
        goal=job.goal,
        target=target_of(job.data),
        passes=job.passes.get(title(name), 1.0),
        pretrained=pretrained,
    )


def _train(job: TrialJob, training: Training, data: TrialData, checkpoints: CheckpointManager, report: Report) -> None:
    conditions = current_conditions(training.device, threads=job.threads, workers=training.ranks.size)
    told = TrialReport(seed=training.seed, conditions=conditions.to_json())

    def tell(metrics: EpochMetrics) -> None:
        notes = (*checkpoints.take_notes(), *(data.features.take_notes() if data.features else ()))
        kept = training.kept_metrics.epoch if training.kept_metrics else 0
        report(replace(told, metrics=metrics.numbers(), kept_epoch=kept, halved=training.halved, notes=notes))

    try:
        if job.goal.before:
            values = measure(training, data.validation.inputs[:1], job.goal.before)
            report(TrialReport(measured=values, measured_on=f"{conditions.device}, {counted(job.threads, 'thread')}"))
        with training.ranks.first_before_others():
            restored = checkpoints.restore(training)
        training.halved = training.halved or job.halved
        if restored and training.metrics:
            tell(training.metrics)  # the driver may have died before it heard of this epoch
        splits = data.train, data.validation
        with closing(fit(training, *splits, job.data.augment, data.features, data.rows)) as epochs:
            for metrics in epochs:
                if not metrics.finite:
                    tell(metrics)
                    return
                checkpoints.save(training, now=metrics.epoch in (*job.rungs, job.epochs))
                tell(metrics)
    except SystemExit:  # raised by Ray inside `report` when it stops the trial
        if training.metrics and training.metrics.finite:
            with suppress(UnsavedError):  # it resumes from the previous one
                checkpoints.save(training, now=True)
        raise


def _reason(error: BaseException, parameters: Mapping[str, Value], code: KeptCode | None) -> str:
    """The reason for the failure in one line; in a user's own code with its file and line."""
    if is_out_of_memory(error):
        return f"out of memory at batch size {parameters.get('batch_size')}"
    if code and code.locate(error):
        return code.explain(error)
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
