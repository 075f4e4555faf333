"""The weights of several trainings of one shape side by side in one tensor, a row for each; and their optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from tuner.training.loop import Training
from tuner.training.optimizers import optimizer_step, skip_dynamo


class Stack:
    """A copy of the weights, buffers and optimizers of some trainings. These stay as they are until `write_back`."""

    def __init__(self, trainings: Sequence[Training]) -> None:
        """All have the same layers, and train all weights of what is `wrapped`."""
        groups = [training.optimizer.param_groups for training in trainings]
        own = [[weight for group in each for weight in group["params"]] for each in groups]
        names = {id(value): name for name, value in trainings[0].wrapped.named_parameters()}
        edges = [0, *accumulate(each.numel() for each in own[0])]
        weights = torch.empty(len(trainings), edges[-1], device=trainings[0].device)
        gradients = torch.zeros_like(weights)

        def parts(whole: Tensor) -> list[Tensor]:
            """(trainings, *shape) of each weight: views of the whole."""
            spans = zip(pairwise(edges), own[0], strict=True)
            return [whole[:, begin:end].view(-1, *like.shape) for (begin, end), like in spans]

        self._copies = [(row, [each[index] for each in parts(weights)]) for index, row in enumerate(own)]
        for row, held in self._copies:
            torch._foreach_copy_(held, [each.detach() for each in row])
        self._gradients = parts(gradients)
        self.weights = {
            names[id(value)]: part.detach().requires_grad_() for value, part in zip(own[0], parts(weights), strict=True)
        }
        self._buffers = [dict(training.wrapped.named_buffers()) for training in trainings]
        self.buffers = {name: torch.stack([each[name] for each in self._buffers]) for name in self._buffers[0]}
        self._segments = _make_segments(trainings, weights, gradients)

    def step(self, losses: Tensor) -> None:
        """A step of each training's optimizer, at its present learning rate, by its own of the (trainings,) losses."""
        found = torch.autograd.grad(losses.sum(), list(self.weights.values()))
        torch._foreach_copy_(self._gradients, found)
        for segment in self._segments:
            segment.held["lr"] = segment.group["lr"]
        for optimizer in {id(segment.made): segment.made for segment in self._segments}.values():
            optimizer_step(optimizer)

    @torch.no_grad()
    def write_back(self) -> None:
        """Gives the trainings what they have come to."""
        for row, held in self._copies:
            torch._foreach_copy_(row, held)
        for index, buffers in enumerate(self._buffers):
            for name, value in buffers.items():
                value.copy_(self.buffers[name][index])
        for segment in self._segments:
            segment.store()


@dataclass(frozen=True)
class _Segment:
    """The weights of one parameter group of one training, as one tensor."""

    own: Optimizer
    group: dict[str, Any]
    """Of `own`."""
    made: Optimizer
    """Of the same kind, for all trainings."""
    held: dict[str, Any]
    """The group of `made` that has this tensor alone."""

    def load(self) -> None:
        """Takes over what the training's optimizer remembers of each weight, in one piece."""
        states = [self.own.state[each] for each in self.group["params"] if each in self.own.state]
        for name, value in (states[0] if states else {}).items():
            whole = value
            if isinstance(value, Tensor):
                whole = torch.cat([state[name].flatten() for state in states]) if value.ndim else value.clone()
            self.made.state[self.held["params"][0]][name] = whole

    def store(self) -> None:
        """Gives it back, weight by weight."""
        weights = self.group["params"]
        for name, value in self.made.state[self.held["params"][0]].items():
            many = isinstance(value, Tensor) and value.ndim > 0
            pieces = value.split([each.numel() for each in weights]) if many else [value] * len(weights)
            for weight, piece in zip(weights, pieces, strict=True):
                kept = piece.view(weight.shape) if many else piece
                self.own.state[weight][name] = kept.clone() if isinstance(kept, Tensor) else kept


def _make_segments(trainings: Sequence[Training], weights: Tensor, gradients: Tensor) -> list[_Segment]:
    """Those of all trainings, with one optimizer for each kind: one step of it costs less than one of each."""
    skip_dynamo()
    kinds: dict[type[Optimizer], list[tuple[Optimizer, dict[str, Any], Tensor]]] = {}
    for row, training in enumerate(trainings):
        sizes = [sum(each.numel() for each in group["params"]) for group in training.optimizer.param_groups]
        spans = pairwise([0, *accumulate(sizes)])
        for group, (begin, end) in zip(training.optimizer.param_groups, spans, strict=True):
            tensor = weights[row, begin:end]
            tensor.grad = gradients[row, begin:end]
            kinds.setdefault(type(training.optimizer), []).append((training.optimizer, group, tensor))
    segments = []
    for kind, entries in kinds.items():
        made = kind([{**group, "params": [tensor]} for _, group, tensor in entries], lr=1.0)  # type: ignore[call-arg]
        for (own, group, _), held in zip(entries, made.param_groups, strict=True):
            segments.append(_Segment(own, group, made, held))
            segments[-1].load()
    return segments
