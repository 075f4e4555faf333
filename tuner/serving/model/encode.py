"""The body of a request to /invocations becomes the network's inputs, or is refused in one line."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from torch import Tensor

from tuner.core.errors import TunerError, one_line
from tuner.core.units import counted
from tuner.data.encoding import to_inputs
from tuner.serving.model.served import ServedModel
from tuner.serving.model.settings import Settings
from tuner.serving.refusal import RefusedError
from tuner.tracking.scoring import CSV, JSON, Asked

QUICK = 1 << 16  # bytes of JSON that are read on the event loop: a thread would take longer
_logger = logging.getLogger(__name__)


class Encoded(NamedTuple):
    """What goes into the network."""

    inputs: Tensor
    """(samples, *shape)."""
    decide: bool
    """Whether the classes alone are wanted."""


async def encode(served: ServedModel, body: bytes, kind: str, settings: Settings, pool: Executor) -> Encoded:
    """Reads a request, in another thread where that may take long.

    Raises:
        RefusedError: it cannot be read, or has too many samples or pixels.
    """
    if kind not in (CSV, JSON):
        raise RefusedError(415, f"Content-Type {kind or 'is missing'}: send {JSON} or {CSV}; files go to /predict")
    if kind == JSON and len(body) <= QUICK:
        asked = _read(served, body, kind)
        if _is_quick(served, asked):
            return _encode(served, asked, settings)
        return await asyncio.get_running_loop().run_in_executor(pool, _encode, served, asked, settings)
    return await asyncio.get_running_loop().run_in_executor(
        pool, lambda: _encode(served, _read(served, body, kind), settings)
    )


def _is_quick(served: ServedModel, asked: Asked) -> bool:
    """Whether there are no files to decode, and no cells to read."""
    numbers = isinstance(asked.samples, np.ndarray) and asked.samples.dtype.kind in "biuf"
    return served.data.task == "text" or (served.data.task == "image" and numbers)


def _read(served: ServedModel, body: bytes, kind: str) -> Asked:
    try:
        return served.protocol.read(body, kind)
    except TunerError as error:
        raise RefusedError(400, str(error)) from None


def _encode(served: ServedModel, asked: Asked, settings: Settings) -> Encoded:
    check_count(_length(asked.samples), settings)
    try:
        inputs = to_inputs(served.data, asked.samples, files=False, most_pixels=settings.most_pixels)
    except TunerError as error:
        raise RefusedError(400, str(error)) from None
    except Exception as error:  # what libraries raise for values that nobody has thought of
        _logger.warning("a request was refused after %s: %s", type(error).__name__, one_line(error))
        raise RefusedError(400, f"these samples cannot be read: {one_line(error)}") from None
    check_count(len(inputs), settings)
    return Encoded(inputs, asked.decide)


def _length(samples: object) -> int:
    """How many samples there seem to be, before they are read."""
    if isinstance(samples, dict):
        return max(map(_length, samples.values()), default=0)
    try:
        return len(samples)  # type: ignore[arg-type]
    except TypeError:
        return 1


def check_count(samples: int, settings: Settings) -> None:
    """Raises RefusedError when there are too many samples."""
    if samples > settings.most_samples:
        limit = f"{settings.most_samples:,} in a request"
        raise RefusedError(413, f"{counted(samples, 'sample')}: the limit is {limit}: send them in parts")
