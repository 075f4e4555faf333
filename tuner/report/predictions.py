"""What the winner of a sweep predicted for the test split, kept with it: its report needs no second look at the data.

Next to the probabilities of all samples there are a few samples to show: some drawn at random, and the most confident
mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from tuner.data import Split
from tuner.files import write_atomic

FILE = "predictions.safetensors"
DRAWN, WRONG = 16, 8  # samples that are kept
SEED = 0  # the same samples for every model of a dataset, so that models can be compared by eye


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Of one model, for one test split."""

    targets: Tensor
    """(samples,) int64, the true classes."""
    probabilities: Tensor
    """(samples, classes) float32."""
    drawn: Tensor
    """(at most DRAWN,) int64 indices of samples drawn at random, in their order."""
    wrong: Tensor
    """(at most WRONG,) int64 indices of mistakes, the most confident first; none of them is in `drawn`."""
    inputs: Tensor
    """(len(drawn) + len(wrong), *shape) raw samples of `drawn` and then of `wrong`."""

    @classmethod
    def of(cls, test: Split, logits: Tensor) -> Predictions:
        """Those of (samples, classes) `logits`, with samples chosen to show; everything is in main memory."""
        probabilities = torch.softmax(logits.double(), 1).float()
        drawn, wrong = _choose(test.targets, probabilities)
        return cls(
            targets=test.targets,
            probabilities=probabilities,
            drawn=drawn,
            wrong=wrong,
            inputs=test.inputs[torch.cat([drawn, wrong])],
        )

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """Reads the file in `folder`."""
        return cls(**load_file(folder / FILE))

    def save(self, folder: Path) -> None:
        """Writes the file in `folder`."""
        tensors = {field.name: getattr(self, field.name).contiguous() for field in fields(self)}
        write_atomic(folder / FILE, lambda file: file.write(save(tensors)))

    @property
    def predicted(self) -> Tensor:
        """(samples,) the most probable class."""
        return self.probabilities.argmax(1)


def _choose(targets: Tensor, probabilities: Tensor) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(targets), generator=torch.Generator().manual_seed(SEED))
    drawn = order[:DRAWN].sort().values
    confidence, predicted = probabilities.max(1)
    mistaken = predicted != targets
    mistaken[drawn] = False
    wrong = mistaken.nonzero()[:, 0]
    return drawn, wrong[confidence[wrong].argsort(descending=True, stable=True)][:WRONG]
