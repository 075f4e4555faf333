"""What all trials of a sweep have in common, from its configuration and its data."""

from __future__ import annotations

from tuner.core import own_code
from tuner.core.config import SweepConfig
from tuner.core.several_models import own_names
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import DataSpec
from tuner.training.checkpoint_storage import CheckpointStorage, scratch_folder
from tuner.training.trial import TrialJob


def trial_job(
    config: SweepConfig,
    data: DataSpec,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    rungs: tuple[int, ...],
) -> TrialJob:
    """The trials of a search, which are compared after the epochs `rungs`. A `storage` takes their checkpoints."""
    return TrialJob(
        sweep=config.name,
        data=data,
        model=config.model,
        code={name: own_code.kept_code(name) for name in own_names(config.model)},
        epochs=config.epochs,
        rungs=rungs,
        seed=config.seed,
        threads=config.cpus_per_trial,
        gpus=config.gpus_per_trial,
        folder=scratch_folder(config.uid) if storage else folder.trials,
        storage=storage,
        passes=config.passes or {},
        repeats=config.repeats,
        halved=config.halved,
        halves=config.oom == "halve-batch",
        goal=config.goal,
        samples=config.data or "",
    )
