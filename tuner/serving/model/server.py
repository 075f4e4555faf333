"""The model that answers now, and how another one takes its place without a request that is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tuner.core.errors import one_line
from tuner.serving.model.card import make_card
from tuner.serving.model.examples import make_examples
from tuner.serving.model.metrics import Metrics
from tuner.serving.model.served import ServedModel
from tuner.serving.model.settings import Settings
from tuner.serving.model.source import Place, Source

Say = Callable[[str], None]
T = TypeVar("T")
_logger = logging.getLogger(__name__)


class ModelServer:
    """All that the routes need. Its methods are called on the event loop, but for the constructor."""

    def __init__(self, name: str, home: Path, settings: Settings, say: Say, replica: str = "") -> None:
        """Loads the model.

        Args:
            name: as `find_model` takes it.
            home: the folder of all sweeps.
            settings: how it answers.
            say: is told what a person should know, a line at a time.
            replica: which of several servers it is that answer at one address; empty for the only one.

        Raises:
            TunerError: there is no such model, or it cannot be loaded.
        """
        self.settings, self.metrics = settings, Metrics(replica)
        self.pool = ThreadPoolExecutor(settings.encoders, "encoder")
        self._home, self._say = home, say
        self._source = Source(name, home, settings, self.metrics, say)
        self._place = self._source.find(say)
        self.follows = settings.follow_s > 0 and self._source.follows
        self._trouble = ""
        self._closing: set[asyncio.Task[None]] = set()
        self._users: dict[int, int] = {}
        self._take(self._source.load(self._place))

    def _take(self, served: ServedModel) -> None:
        """From now on, requests go to this model."""
        self.current = served
        self._shown: dict[str, Any] = {}
        origin = served.origin
        self.metrics.loaded(origin.name, origin.version, origin.sweep)

    @contextmanager
    def using(self) -> Iterator[ServedModel]:
        """The model of now, which stays as it is as long as the block lasts."""
        served = self.current
        key = id(served)
        self._users[key] = self._users.get(key, 0) + 1
        try:
            yield served
        finally:
            self._users[key] -= 1

    async def card(self) -> dict[str, Any]:
        """See `make_card`."""
        return await self._kept("card", make_card)

    async def examples(self) -> list[dict[str, Any]]:
        """See `make_examples`."""
        return await self._kept("examples", make_examples)

    async def _kept(self, name: str, make: Callable[[ServedModel, Path], T]) -> T:
        """Made once for a model, in another thread."""
        with self.using() as served:
            shown = self._shown
            if name not in shown:
                loop = asyncio.get_running_loop()
                shown[name] = await loop.run_in_executor(self.pool, make, served, self._home)
            found: T = shown[name]
            return found

    async def follow(self) -> None:
        """Looks again and again whether the name means another version, and lets that one answer. Never returns."""
        while True:
            await asyncio.sleep(self.settings.follow_s)
            await self.look()

    async def look(self) -> bool:
        """Looks once. Returns whether another model answers now. One that cannot be loaded leaves the old one."""
        found: Place | None = None
        try:
            found = await asyncio.to_thread(self._source.find)
            if found == self._place:
                self._trouble = ""
                return False
            served = await asyncio.to_thread(self._source.load, found)
        except Exception as error:  # whatever it is: the old model goes on
            self._complain(found, one_line(error))
            return False
        old, self._place, self._trouble = self.current, found, ""
        self._take(served)
        self._say(f"{served.origin} answers now, in place of {old.origin}")
        task = asyncio.create_task(self._retire(old))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return True

    def _complain(self, found: Place | None, reason: str) -> None:
        """Says once what is wrong; it is tried again."""
        if found is not None:
            self.metrics.not_loaded()
        what = (
            f"{found.model} version {found.version} cannot be loaded"
            if found
            else "which version is to answer is not known now"
        )
        text = f"{what}: {reason}; {self.current.origin} goes on"
        if text != self._trouble:
            self._trouble = text
            self._say(f"warning: {text}")

    async def _retire(self, served: ServedModel) -> None:
        """Closes a model once nobody uses it any more."""
        while self._users.get(id(served), 0):
            await asyncio.sleep(0.05)
        self._users.pop(id(served), None)
        await served.close()

    async def close(self) -> None:
        """Ends all threads, once everything is answered."""
        for task in list(self._closing):
            await task
        await self._retire(self.current)
        self.pool.shutdown(wait=False)
