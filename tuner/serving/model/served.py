"""A model that answers: its network behind a batcher, and what reads requests for it."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.report.explanation import heat_maps
from tuner.report.findings import attention
from tuner.serving.model.batcher import Batcher
from tuner.serving.model.metrics import Metrics
from tuner.serving.model.settings import Settings
from tuner.tracking.scoring import Protocol
from tuner.training.classifier import Classifier
from tuner.training.exported_model import ExportedModel
from tuner.training.fused import made_up, soonest
from tuner.training.model_description import ModelDescription
from tuner.training.open_model import open_model
from tuner.training.saved_model import to_probabilities

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a model comes from."""

    name: str
    """The registered model, the sweep, or the folder or file."""
    version: str = ""
    """Its number in the registry; empty for a folder."""
    sweep: str = ""
    """The sweep that has made it, where that is known."""
    created: float | None = None
    """Seconds since 1970."""
    tags: dict[str, str] = field(default_factory=dict)
    """Of the version."""

    def __str__(self) -> str:
        """`digits-cnn version 3`."""
        return f"{self.name} version {self.version}" if self.version else self.name


class ServedModel:
    """A model in memory that requests go to. All but `load` belongs to the thread of the event loop."""

    def __init__(
        self,
        origin: Origin,
        place: Path,
        scratch: TemporaryDirectory[str] | None,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        """Loads the model at `place`, and tries it once, so that one that cannot answer is none.

        Raises:
            TunerError: it cannot be loaded.
            Exception: what the network raises.
        """
        self.origin, self.place, self._scratch = origin, place, scratch
        self.model, self.data = open_model(place)
        known = self.model.description if isinstance(self.model, ExportedModel) else None
        self.description = known or ModelDescription.load(place)
        self.protocol = Protocol(self.data)
        forward = partial(answer, soonest(self.model, self.data), self.data)
        forward(made_up(self.data, 1))  # the first pass is slow, and may fail
        self.batcher = Batcher(
            forward,
            most=settings.most_batch,
            wait_s=settings.wait_s,
            most_waiting=settings.most_waiting,
            threads=settings.threads,
            note=metrics.batch,
        )
        self._explainer = ThreadPoolExecutor(1, "explainer")
        self._copy: Classifier | None = None

    async def answer(self, inputs: Tensor) -> Tensor:
        """See the function `answer`. No samples have no answers, and networks that fail on none are not asked."""
        if not len(inputs):
            return torch.empty((0, self.data.outputs))
        return await self.batcher(inputs)

    @property
    def explains(self) -> bool:
        """Whether it can be shown where the model looks, as far as that is known before it is tried."""
        return not self.unexplained

    @property
    def unexplained(self) -> str:
        """Why it cannot be shown where the model looks; empty where it can."""
        if isinstance(self.model, ExportedModel):
            return "an exported file gives its answers alone"
        if not isinstance(self.model, Classifier):
            return "in an ensemble each model looks elsewhere"
        if self.data.task == "image" or (self.data.task == "text" and hasattr(self.model.network, "attention")):
            return ""
        return (
            f"this is for images, and texts with a model that has attention; {self.data.name} is {self.data.task} data"
        )

    async def heat(self, images: Tensor, targets: Sequence[int]) -> list[Tensor]:
        """The Grad-CAM map of each image for a class. On a copy of the model: it puts hooks and gradients on it."""
        return await self._explained(lambda model: list(heat_maps(model, images, targets)))

    async def attention(self, tokens: Tensor) -> Tensor | None:
        """(samples, steps) how much a model of texts looks at each word; None where it does not say."""
        return await self._explained(lambda model: attention(model, tokens))

    async def _explained(self, work: Callable[[Classifier], T]) -> T:
        def run() -> T:
            if self._copy is None:
                assert isinstance(self.model, Classifier)
                self._copy = copy.deepcopy(self.model)
            torch.set_num_threads(1)
            return work(self._copy)

        return await asyncio.get_running_loop().run_in_executor(self._explainer, run)

    async def close(self) -> None:
        """Frees it, once all that was asked of it is answered."""
        await self.batcher.close()
        self._explainer.shutdown(wait=False)
        if self._scratch is not None:
            self._scratch.cleanup()


def answer(logits: Callable[[Tensor], Tensor], data: DataSpec, inputs: Tensor) -> Tensor:
    """(samples, classes) probabilities for (samples, *data.shape) inputs; or (samples, 1) standardised numbers."""
    outputs = logits(inputs)
    return outputs if data.number is not None else torch.from_numpy(to_probabilities(outputs))


def check_explains(served: ServedModel) -> None:
    """Raises TunerError where it cannot be shown where a model looks."""
    if served.unexplained:
        raise TunerError(f"explain: {served.unexplained}")
