"""Greedy soups: the weights of several fine-tuned models averaged into one, which costs no more than one of them.

M. Wortsman and others, Model soups, ICML 2022 (recipe 1): the best model first, the next ones one after the other, each
of which stays if the averaged model is not worse with it. It needs models that began with the same weights: those of
others lie in different valleys, and the model between them answers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tuner.training.score_error import Floats

AnswersOf = Callable[[tuple[int, ...]], Floats]
"""(samples, outputs) answers of the average of these models, by their places."""


def average_weights(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of state dicts of one network. Counters, such as those of batch norms, are those of the first."""
    first = states[0]
    return {
        name: sum((state[name].double() for state in states[1:]), value.double()).div(len(states)).to(value.dtype)
        if value.is_floating_point()
        else value.clone()
        for name, value in first.items()
    }


def greedy_soup(
    count: int, answers_of: AnswersOf, losses: Callable[[Floats], Floats], chosen_on: NDArray[np.bool_]
) -> tuple[int, ...]:
    """The places of the models, of `count`, that the soup has, in ascending order.

    `losses` gives the (samples,) losses of answers, and `chosen_on` says which samples decide.
    """

    def loss(places: tuple[int, ...]) -> float:
        return float(losses(answers_of(places))[chosen_on].mean())

    alone = [loss((place,)) for place in range(count)]
    order = sorted(range(count), key=alone.__getitem__)
    kept: tuple[int, ...] = (order[0],)
    best = alone[order[0]]
    for place in order[1:]:
        more = tuple(sorted((*kept, place)))
        found = loss(more)
        if found <= best:
            kept, best = more, found
    return kept
