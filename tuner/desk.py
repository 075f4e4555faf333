"""Where the processes that train a trial together hand in their results, and hear whether to go on."""

from __future__ import annotations

import asyncio
from typing import Any

import ray
from ray.actor import ActorHandle


class Desk:
    """Between the first of those processes and the trial's worker. Each waits here for the other."""

    def __init__(self) -> None:
        self._results: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._answers: asyncio.Queue[bool] = asyncio.Queue()

    async def ask(self, result: dict[str, Any]) -> bool:
        """Hands in a result. Whether to go on."""
        await self._results.put(result)
        return await self._answers.get()

    async def close(self) -> None:
        """There will be no more results."""
        await self._results.put(None)

    async def next(self) -> dict[str, Any] | None:
        """The next result; None when there will be no more."""
        return await self._results.get()

    async def answer(self, go_on: bool) -> None:
        """To the last result."""
        await self._answers.put(go_on)


def new_desk() -> ActorHandle[Desk]:
    """An actor that lives as long as something knows it."""
    return ray.remote(num_cpus=0)(Desk).remote()
