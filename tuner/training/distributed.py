"""The processes that train one model together, each on its part of every batch (distributed data parallel)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch import distributed as dist

from tuner.data.spec import Split


@dataclass(frozen=True)
class Ranks:
    """This process among those of torch's default process group; by default it is alone."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that reports and saves."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model to train with: its gradients are averaged over the processes (Li et al. 2020, PyTorch's DDP)."""
        if self.size == 1:
            return model
        device = next(model.parameters()).device
        if device.type == "cuda":
            return nn.parallel.DistributedDataParallel(
                model, device_ids=[device], process_group=dist.new_group(backend="nccl")
            )
        return nn.parallel.DistributedDataParallel(model)

    def part(self, batch: Tensor) -> Tensor:
        """This process' part of (samples, ...): parts differ by one sample at most."""
        return batch.tensor_split(self.size)[self.rank]

    def part_of(self, split: Split) -> Split:
        """This process' part of a split."""
        return Split(self.part(split.inputs), self.part(split.targets))

    def weight(self, part: Tensor, batch: Tensor) -> float:
        """The factor for the mean over `part` that makes the mean over the processes the mean over the batch."""
        return self.size * len(part) / len(batch)

    def own(self, generator: Generator) -> Generator:
        """A generator with different numbers in each process, seeded from one with the same numbers in all of them."""
        if self.size == 1:
            return generator
        return Generator(generator.device).manual_seed(generator.initial_seed() + 1 + self.rank)

    def total(self, *values: Tensor) -> list[float]:
        """The sum of each value over the processes."""
        numbers = torch.stack([value.detach().double() for value in values]).cpu()
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers.tolist()

    def sum(self, counts: Tensor) -> Tensor:
        """The sum of each number of a tensor over the processes, on the CPU."""
        numbers = counts.cpu()
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers

    def share_buffers(self, model: nn.Module) -> None:
        """Gives all processes the first one's batch statistics, which are the ones that are saved."""
        if self.size > 1:
            for buffer in model.buffers():
                value = buffer.cpu()
                dist.broadcast(value, 0)
                buffer.copy_(value)

    def agree(self, first_says: bool) -> bool:
        """Gives all processes the value of the first one."""
        if self.size == 1:
            return first_says
        answer = torch.tensor(first_says)
        dist.broadcast(answer, 0)
        return bool(answer)

    def lost(self, error: Exception) -> bool:
        """Whether the error means that another process has died; only that process knows the reason."""
        return self.size > 1 and (isinstance(error, dist.DistError) or "gloo/transport" in str(error))

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """The first process runs the block before the others do."""
        if self.size > 1 and not self.first:
            dist.barrier()
        yield
        if self.size > 1 and self.first:
            dist.barrier()


SINGLE_PROCESS = Ranks()
