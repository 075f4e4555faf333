"""What is checked and repaired before a sweep is resumed."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.resources import ResourceRequest
from tuner.search.study import Study
from tuner.sweeps.inputs import SweepInputs, read_inputs
from tuner.sweeps.outline import plan_resources
from tuner.training.checkpoint import latest_epoch

CLOCKS_S = 3600.0
"""How far clocks may be apart, or be set back."""


def fit_to_machine(config: SweepConfig) -> SweepConfig:
    """The sweep as this machine can run it: with as many trials side by side as before, or as many as fit."""
    asked = ResourceRequest(
        trials=config.trials,
        concurrency=config.concurrency,
        cpus_per_trial=config.cpus_per_trial,
        gpus_per_trial=config.gpus_per_trial,
        workers_per_node=config.workers_per_node,
    )
    try:
        plan_resources(asked)
    except TunerError:
        smaller = plan_resources(replace(asked, concurrency=None, cpus_per_trial=None))
        return replace(config, concurrency=smaller.concurrency, cpus_per_trial=smaller.cpus_per_trial)
    return config


def check_inputs(config: SweepConfig) -> SweepInputs:
    """The data and weights of a sweep that is resumed. Raises TunerError when they are not what it began with."""
    inputs = read_inputs(config)
    if config.data not in (None, inputs.splits.fingerprint()):
        raise TunerError(f"the data of {config.name} is not what it started with: restore it, or start a new sweep")
    if config.pretrained not in (None, inputs.fingerprint()):
        raise TunerError(f"{config.name} started with other weights than these: restore them, or start a new sweep")
    return inputs


def repair_folder(study: Study, folder: Path) -> list[str]:
    """Makes the checkpoints agree with the study. Returns a line for each repair.

    A study whose journal was cut short knows fewer epochs than the checkpoints. A trial resumed from such a checkpoint
    would lack the epochs in between, and a new trial that gets an old number would start from another trial's weights.

    Lines are lost from the journal's end. So what they told of is later than all that is left, and a checkpoint from
    long before that is not looked at: of thousands of trials that wait, that would take minutes.
    """
    notes = [f"the last line of {SweepFolder(folder).journal} was incomplete and is ignored"] if study.torn else []
    known = {record.number: record for record in study.records()}
    last = max((record.latest for record in known.values()), default=0.0)
    for place in sorted((folder / "trials").glob("[0-9]*[0-9]")):
        record = known.get(int(place.name))
        if record is None or (not record.ended and _is_ahead(place, record.epoch, last - CLOCKS_S)):
            shutil.rmtree(place)
            notes.append(f"trial {int(place.name)} starts again: its checkpoint has more epochs than the study")
    return notes


def _is_ahead(place: Path, epoch: int, since: float) -> bool:
    """Whether a trial's checkpoint is of a later epoch than the one that would follow. `since`: seconds since 1970."""
    try:
        with os.scandir(place) as files:
            new = any(file.stat(follow_symlinks=False).st_mtime >= since for file in files)
    except OSError:
        return False
    return new and latest_epoch(place) > epoch + 1
