"""The pretrained weights that trials start from, by their names among what all workers hold."""

from __future__ import annotations

from torch import Tensor, nn

from tuner.core.errors import TunerError
from tuner.core.own_code import title
from tuner.core.several_models import is_several

PRETRAINED = "pretrained/"  # prefix of the names of weights among the arrays
Weights = dict[str, Tensor]
"""Part of the state dict of a network, by name. Of several models each name begins with a title: `lenet/`."""


def weights_of(models: str, model: str, weights: Weights) -> Weights:
    """Those of one model of a sweep, as in its state dict."""
    own = _prefix(models, model)
    return {name.removeprefix(own): value for name, value in weights.items() if name.startswith(own)}


def load_pretrained(network: nn.Module, models: str, model: str, weights: Weights) -> None:
    """Gives the network of one model of a sweep its pretrained weights; its head keeps those that it has.

    Raises:
        TunerError: there are none, or they are not of this network.
    """
    own = weights_of(models, model, weights)
    loaded = network.load_state_dict(own, strict=False)
    if not own or loaded.unexpected_keys:
        raise TunerError(f"the pretrained weights of {title(model)} are missing")


def named_weights(models: str, model: str, weights: Weights) -> Weights:
    """The reverse of `weights_of`."""
    own = _prefix(models, model)
    return {own + name: value for name, value in weights.items()}


def _prefix(models: str, model: str) -> str:
    return f"{title(model)}/" if is_several(models) else ""
