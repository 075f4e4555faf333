"""The population of a sweep with population based training, where it can have one."""

from __future__ import annotations

from functools import partial

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder
from tuner.search.population import Population
from tuner.search.schedulers import make_scheduler
from tuner.search.space_file import space_of
from tuner.search.study import Study
from tuner.training.checkpoint_copy import adopt_checkpoint
from tuner.training.checkpoint_storage import CheckpointStorage


def make_population(
    config: SweepConfig, study: Study, folder: SweepFolder, storage: CheckpointStorage | None
) -> Population | None:
    """The trials that take over from each other; None with a scheduler under which none does.

    Raises:
        TunerError: the checkpoints are not in the sweep's folder, where this process could copy them.
    """
    if not make_scheduler(config).together:
        return None
    if storage is not None:
        raise TunerError(
            "--scheduler pbt: trials copy checkpoints, so all nodes must share a disk, and these share none"
        )
    return Population(study, space_of(config), config.seed, partial(adopt_checkpoint, folder.trials))
