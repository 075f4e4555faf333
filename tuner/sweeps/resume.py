"""What is checked and repaired before a sweep is resumed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.resources import ResourceRequest
from tuner.search.study import Study
from tuner.sweeps.inputs import SweepInputs, read_inputs
from tuner.sweeps.plan import plan_resources
from tuner.training.checkpoint import latest_epoch


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
    """
    notes = [f"the last line of {SweepFolder(folder).journal} was incomplete and is ignored"] if study.torn else []
    known = {record.number: record for record in study.records()}
    for place in sorted((folder / "trials").glob("[0-9]*[0-9]")):
        record = known.get(int(place.name))
        if record is None or (not record.ended and latest_epoch(place) > record.epoch + 1):
            shutil.rmtree(place)
            notes.append(f"trial {int(place.name)} starts again: its checkpoint has more epochs than the study")
    return notes
