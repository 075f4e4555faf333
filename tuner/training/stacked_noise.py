"""Dropout of several trainings at once: each draws from a generator of its own what it would draw alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Generator, Tensor, nn

from tuner.training.loop import Training
from tuner.training.steps import epoch_seed


class Noise:
    """Stands in for the dropout layers of a network. What is dropped is drawn before the network is run."""

    def __init__(self) -> None:
        self.calls = 0
        """Of dropout layers since the network began."""
        self.masks: Mapping[int, Tensor] = {}
        """Factors for the inputs of some of the calls, by their number."""
        self._noted: list[tuple[str, torch.Size, torch.dtype]] = []
        self._noting = False
        self._generators: list[Generator] = []
        self._shares: list[list[float]] = []

    def replace_dropout(self, network: nn.Module) -> nn.Module:
        """The network, with every nn.Dropout replaced."""
        if type(network) is nn.Dropout:
            return _Dropout(self, "")
        for path, owner in list(network.named_modules()):
            for name, layer in list(owner.named_children()):
                if type(layer) is nn.Dropout:
                    setattr(owner, name, _Dropout(self, f"{path}.{name}" if path else name))
        return network

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Within it, a run of the network for one training notes what its dropout layers are given."""
        self._noted, self._noting = [], True
        try:
            yield
        finally:
            self._noting = False

    def begin(self, trainings: Sequence[Training]) -> None:
        """Begins an epoch of these trainings."""
        self._generators = [Generator(t.device).manual_seed(epoch_seed(t)) for t in trainings]
        layers = [dict(training.wrapped.named_modules()) for training in trainings]
        self._shares = [[float(each[path].p) for each in layers] for path, _, _ in self._noted]

    def draw(self) -> dict[int, Tensor]:
        """For a step, (trainings, *shape) factors for each call of a dropout layer: 0, or what makes up for the zeros.

        A layer that drops nothing draws nothing, as in torch.
        """
        drawn: dict[int, Tensor] = {}
        for call, ((_, shape, dtype), shares) in enumerate(zip(self._noted, self._shares, strict=True)):
            if any(shares):
                drawn[call] = torch.ones(len(shares), *shape, dtype=dtype, device=self._generators[0].device)
                for mask, share, generator in zip(drawn[call], shares, self._generators, strict=True):
                    if share:
                        mask.bernoulli_(1 - share, generator=generator).div_(1 - share)
        return drawn

    def apply(self, path: str, inputs: Tensor) -> Tensor:
        """What the dropout layer at this path gives."""
        if self._noting:
            self._noted.append((path, inputs.shape, inputs.dtype))
        mask = self.masks.get(self.calls)
        self.calls += 1
        return inputs if mask is None else inputs * mask


class _Dropout(nn.Module):
    def __init__(self, noise: Noise, path: str) -> None:
        super().__init__()
        self._noise = noise
        self._path = path

    def forward(self, inputs: Tensor) -> Tensor:
        return self._noise.apply(self._path, inputs)
