"""Several models in equal times (`--fidelity seconds`): how many passes over the samples each has in an epoch.

An epoch is then the time that one pass of the first model takes, with its default configuration. So the rungs, the
budget of epochs and the length of a trial mean the same time for each model. It is measured once, before the sweep
begins, and kept with it: a resumed sweep goes on with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch

from tuner.core import several_models
from tuner.core.errors import TunerError
from tuner.core.machine import gpu_count
from tuner.core.search_options import FIDELITIES
from tuner.core.sweep_request import SweepRequest
from tuner.data.spec import Splits
from tuner.execution.resources import TrialResources
from tuner.search.space import SearchSpace
from tuner.search.start_points import default_point
from tuner.training.device import best_device
from tuner.training.step_cost import StepCost, measure_step

EQUAL_TIME = FIDELITIES[1]
TIMES = 5  # each model is measured, in turn: the median counts
DIGITS = 3


def check_fidelity(request: SweepRequest) -> None:
    """Raises TunerError where `--fidelity seconds` has no models to compare; `request.model` is resolved."""
    if request.fidelity == EQUAL_TIME and not several_models.is_several(request.model):
        raise TunerError(
            f"--fidelity {EQUAL_TIME} compares several models in equal times: name them with commas between, such as "
            "cnn,lenet"
        )


def passes_of(
    request: SweepRequest, raw: Mapping[str, Any], space: SearchSpace, splits: Splits, resources: TrialResources
) -> dict[str, float] | None:
    """How many passes each model has in an epoch, by its title; None where each has one.

    Args:
        request: what is asked for.
        raw: the parsed search space.
        space: the same.
        splits: the data.
        resources: of a trial.

    Raises:
        TunerError: trials have GPUs, and there is none here to measure on.
    """
    if request.passes is not None or request.fidelity != EQUAL_TIME:
        return request.passes
    if resources.gpus_per_trial and not gpu_count():
        raise TunerError(
            f"--fidelity {EQUAL_TIME} measures each model on the machine that drives the sweep. It has no GPU, and "
            "trials have: use --fidelity epochs"
        )
    device = best_device() if resources.gpus_per_trial else torch.device("cpu")
    samples = len(splits.train.targets)

    def measure(model: str) -> StepCost:
        title = several_models.titles(model)[0]
        point = several_models.own_parameters(request.model, default_point(raw, space, title))
        return measure_step(splits.spec, model, point, samples, resources.cpus_per_trial, device)

    return relative_passes(several_models.models_in(request.model), measure)


def relative_passes(models: tuple[str, ...], measure: Callable[[str], StepCost]) -> dict[str, float]:
    """The passes of each model by its title, from what one pass of each costs. The first model has one pass.

    A model whose network is run once for all epochs, to compute features, has one, too: its epochs cost next to
    nothing.
    """
    costs: dict[str, list[StepCost]] = {model: [] for model in models}
    for _ in range(TIMES):
        for model in models:
            costs[model].append(measure(model))
    seconds = {model: median(each.epoch_seconds for each in found) for model, found in costs.items()}
    once = {model for model, found in costs.items() if found[0].once}
    whole = next((seconds[model] for model in models if model not in once), 1.0)
    passes = {model: 1.0 if model in once else float(f"{whole / seconds[model]:.{DIGITS}g}") for model in models}
    return dict(zip(several_models.titles(several_models.joined(models)), passes.values(), strict=True))
