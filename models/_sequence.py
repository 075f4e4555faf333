"""Sequences of tokens that are padded at their end: lengths, reversal, and LSTMs that padding does not change.

The LSTMs run over the padded batch, not over `pack_padded_sequence`: the kernels for that are 4 to 7 times slower on a
CPU (batch 64, 300 steps, 128 units), and a state at a step does not depend on what comes after it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def first_steps(tokens: Tensor, most: int) -> Tensor:
    """(batch, steps) tokens, of which `most` steps are kept. A graph of it takes any number of steps."""
    return tokens[:, : torch.sym_min(tokens.shape[1], most)]


def reverse(states: Tensor, length: Tensor) -> Tensor:
    """(batch, steps, units) with the first `length` steps of each sample in reverse order, and its padding in place."""
    step = torch.arange(states.shape[1], device=states.device)
    last = length[:, None] - 1
    reversed_states: Tensor = _Reorder.apply(states, torch.where(step <= last, last - step, step))
    return reversed_states


class _Reorder(torch.autograd.Function):
    """Reorders steps by a permutation that is its own inverse, so the gradient is reordered in the same way.

    Autograd does not know that each index occurs once, and would add up gradients: 5 times slower on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, order: Tensor) -> Tensor:
        """(batch, steps, units) and (batch, steps) indices of steps -> (batch, steps, units)."""
        ctx.save_for_backward(order)
        return states[torch.arange(states.shape[0], device=states.device)[:, None], order]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The same reordering."""
        (order,) = ctx.saved_tensors
        return _Reorder.apply(gradient, order), None


class BidirectionalLSTM(nn.Module):
    """One bidirectional layer (Graves & Schmidhuber 2005), whose backward direction begins at the last real step."""

    def __init__(self, inputs: int, hidden_size: int) -> None:
        super().__init__()
        self.forwards = nn.LSTM(inputs, hidden_size, batch_first=True)
        self.backwards = nn.LSTM(inputs, hidden_size, batch_first=True)

    def forward(self, inputs: Tensor, length: Tensor) -> Tensor:
        """(batch, steps, inputs) -> (batch, steps, 2 * hidden_size); the values at padded steps are meaningless."""
        ahead, _ = self.forwards(inputs)
        back, _ = self.backwards(reverse(inputs, length))
        return torch.cat([ahead, reverse(back, length)], 2)
