"""Whether a sweep's trials are trained in packs, see `execution.packs`, and how large a pack is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from tuner.core import own_code, several_models
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.core.sweep_request import PACK_AUTO, PACK_OFF, SweepRequest
from tuner.data.spec import Splits
from tuner.search.space import SearchSpace
from tuner.search.start_points import default_point
from tuner.training.step_cost import measure_step

PACK = 16  # trials in a pack whose size is chosen here
PAYS_S = 0.1
"""An epoch that takes less is worth it. Ray Tune takes about as long for a report and a new trial, and a pack computes
with the cores of one trial: for longer epochs workers side by side are faster."""


def with_pack(
    config: SweepConfig,
    request: SweepRequest,
    raw: Mapping[str, Any],
    space: SearchSpace,
    splits: Splits,
    events: Callback,
) -> SweepConfig:
    """The sweep with packs, if these are asked for and can be; with `auto`, if a measurement says that they pay.

    Args:
        config: without packs.
        request: what is asked for.
        raw: the parsed search space.
        space: the same.
        splits: the data.
        events: are told why there are none, where they were asked for.
    """
    if request.pack == PACK_OFF or config.trials == 1:
        return config
    why = why_not(config)
    automatic = request.pack == PACK_AUTO
    if not why and automatic:
        if request.concurrency is not None:
            why = "--concurrency says how many trials run at a time"
        elif (seconds := _epoch_seconds(config, raw, space, splits)) > PAYS_S:
            why = f"an epoch takes {seconds:.2g} s, which is long enough for workers of their own"
    if why:
        events.on_note(f"--pack {request.pack}: no packs, since {why}", warning=False)
        return config
    size = min(config.trials, PACK if automatic else int(request.pack))
    return replace(config, pack=size, concurrency=size)


def why_not(config: SweepConfig) -> str:
    """Why the trials of a sweep cannot be trained in packs; empty where they can."""
    if on_cluster():
        return "a cluster trains each trial in a worker of its own"
    if config.program is not None or any(map(own_code.is_own, several_models.models_in(config.model))):
        return "your own code runs in workers, which may die without the sweep"
    if config.gpus_per_trial:
        return "trials have GPUs"
    if config.trial_timeout:
        return "--trial-timeout needs workers that can be ended"
    return ""


def _epoch_seconds(config: SweepConfig, raw: Mapping[str, Any], space: SearchSpace, splits: Splits) -> float:
    """Of an epoch alone, without validation: that of the slowest model with its default configuration."""
    return max(
        measure_step(
            splits.spec,
            model,
            several_models.own_parameters(config.model, default_point(raw, space, several_models.titles(model)[0])),
            len(splits.train.targets),
            config.cpus_per_trial,
            torch.device("cpu"),
        ).epoch_seconds
        for model in several_models.models_in(config.model)
    )
