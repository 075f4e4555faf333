"""What a sweep of several models can do, and what it cannot."""

from __future__ import annotations

from tuner.core.errors import TunerError
from tuner.core.several_models import is_several, models_in, shown
from tuner.core.sweep_request import SweepRequest

NEED_SHARED = {
    "gp": "a Gaussian process knows the parameters that every trial has",
    "cmaes": "CMA-ES draws the ranges that every trial has",
}
"""The samplers that would know nothing but which model a trial has, and why."""


def check_several(request: SweepRequest) -> None:
    """Raises TunerError for an option that a sweep of several models cannot have; `request.model` is resolved."""
    if not is_several(request.model):
        return
    count = len(models_in(request.model))
    if why := NEED_SHARED.get(request.sampler):
        raise TunerError(
            f"--sampler {request.sampler}: {why}, and each of {shown(request.model)} has its own: use tpe, random, qmc "
            "or grid"
        )
    if request.scheduler == "pbt":
        raise TunerError(
            f"--scheduler pbt: a trial takes over the weights of another, and {shown(request.model)} have different "
            "ones: use asha, hyperband, pasha, median or none"
        )
    if request.weights is not None:
        raise TunerError(f"--weights {request.weights}: a file is for one model, not for {shown(request.model)}")
    if request.trials is not None and request.trials < count and not request.without_default:
        raise TunerError(
            f"--trials {request.trials}: the default configurations of {count} models are tried first: give at least "
            f"{count}, or --without-default"
        )
