"""An exponential moving average of a model's weights, which is validated and kept in place of the weights themselves.

Polyak & Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging"; as it is used in Szegedy et al. 2016,
"Rethinking the Inception Architecture for Computer Vision", section 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

STATISTICS = ("running_mean", "running_var")
"""The buffers of batch normalisation."""


class WeightAverage:
    """The average over all trained weights of a model, and over the running statistics of its batch normalisation.

    After each step: average = d * average + (1 - d) * weights, with d = min(decay, (1 + n) / (10 + n)) after n earlier
    steps. So the first weights, which are random, are soon forgotten (as in TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """It begins with the weights that the model has now. `decay` is at least 0 and below 1."""
        self._decay = decay
        self._steps = 0
        named = _averaged(model)
        distinct = {id(value): value for value in named.values()}  # layers may share weights
        places = {key: place for place, key in enumerate(distinct)}
        self._places = {name: places[id(value)] for name, value in named.items()}
        self._weights = [value.detach() for value in distinct.values()]
        self._average = [value.clone() for value in self._weights]

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the model's weights after a step."""
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        torch._foreach_lerp_(self._average, self._weights, 1 - decay)
        self._steps += 1

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it, the model has the average, and its own weights afterwards.

        What changes the model within it changes the average.
        """
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs to continue."""
        return {"steps": self._steps, "weights": {name: self._average[place] for name, place in self._places.items()}}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any] | None) -> None:
        """Restores what `state_dict` has returned; with None it begins anew with the weights that the model has now."""
        self._steps = state["steps"] if state else 0
        for name, place in self._places.items():
            self._average[place].copy_(state["weights"][name] if state else self._weights[place])

    @torch.no_grad()
    def _exchange(self) -> None:
        for own, average in zip(self._weights, self._average, strict=True):
            held = own.clone()
            own.copy_(average)
            average.copy_(held)


def last_weights(state: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """The model of the last epoch in a `Training.state_dict`: the average, if there is one."""
    weights: Mapping[str, Tensor] = state["model"]
    average = state.get("average")
    return {**weights, **average["weights"]} if average else weights


def _averaged(model: nn.Module) -> dict[str, Tensor]:
    """What changes in training, by the names of the state dict. Other buffers are as the model has them."""
    weights = {name: each for name, each in model.named_parameters(remove_duplicate=False) if each.requires_grad}
    buffers = model.named_buffers(remove_duplicate=False)
    return weights | {name: each for name, each in buffers if name.rpartition(".")[2] in STATISTICS}
