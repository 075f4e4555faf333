"""`--sampler auto` in a sweep: chosen when it begins, kept in sweep.json, chosen again for a changed space."""

from __future__ import annotations

from dataclasses import replace

from tuner.core.config import TRIALS, SweepConfig
from tuner.core.search_options import AUTO
from tuner.core.sweep_request import SweepRequest
from tuner.search.finite import count_points
from tuner.search.samplers.auto import choose_sampler
from tuner.search.space import SearchSpace
from tuner.search.space_file import space_of


def with_sampler(request: SweepRequest, space: SearchSpace) -> tuple[SweepRequest, str]:
    """The request with a sampler in place of `auto`, and why it is that one; empty where the user named it."""
    if request.sampler != AUTO:
        return request, ""
    chosen = choose_sampler(
        space,
        request.trials or TRIALS,
        begins_with=request.enqueue is not None or request.warm_start is not None or request.scheduler == "pbt",
        plain=not request.goal.several and not request.goal.constraints,
    )
    return replace(request, sampler=chosen.sampler), chosen.reason


def chosen_again(config: SweepConfig, trials: int) -> SweepConfig:
    """A sweep whose search space was changed, with the sampler that suits so many trials of it. A grid stays one."""
    space = space_of(config)
    if not config.auto or (config.sampler == "grid" and count_points(space) is not None):
        return config
    plain = not config.goal.several and not config.goal.constraints
    chosen = choose_sampler(space, trials, begins_with=True, plain=plain)
    return replace(config, sampler=chosen.sampler, auto=chosen.reason)
