"""Tells open pages what has changed, by server-sent events. Where no page is open, nothing is read."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from tuner.core.errors import TunerError
from tuner.serving.board.board import Board
from tuner.serving.board.feed import Feed

PAUSE_S = 1.0  # between two looks
SHARE = 4  # and so many times as long as a look takes, so that this process has a fifth of a core
MOST_S = 5.0  # but no longer than this: on a busy machine a look takes long
CHUNK = 500  # values in an event
BEAT_S = 15.0  # between two signs of life: a proxy closes a connection on which nothing comes


class Live:
    """Looks again and again as long as somebody listens."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._listeners = 0
        self._looked = asyncio.Condition()
        self._wake = asyncio.Event()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def watched(self) -> bool:
        """Whether a page is open."""
        return self._listeners > 0

    async def work(self) -> None:
        """Runs until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        while not self._closed:
            if not self._listeners:
                self._wake.clear()
                await self._wake.wait()
            began = time.monotonic()
            await asyncio.to_thread(self._board.look)
            took = time.monotonic() - began
            async with self._looked:
                self._looked.notify_all()
            pause = PAUSE_S if self._board.overview.complete else 0.0
            await asyncio.sleep(max(pause, min(SHARE * took, MOST_S)))

    def close(self) -> None:
        """Ends all streams; called by any thread, or by a signal's handler."""
        self._closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell_closed)

    async def events(self, name: str | None) -> AsyncIterator[str]:
        """All rows, and then those that change; of the sweep `name` also its trials."""
        self._listeners += 1
        self._wake.set()
        sweeps, trials, told = 0, 0, time.monotonic()
        state: tuple[bool, str] = False, ""
        feed: Feed | None = None
        try:
            yield "retry: 3000\n\n"
            while not self._closed:
                rows, sweeps = self._board.overview.rows.since(sweeps)
                before, state = state, (self._board.complete, self._board.trouble)
                events = [_event("sweeps", {"rows": part, "complete": state[0]}) for part in _parts(rows)]
                if state != before:
                    events.append(_event("state", {"complete": state[0], "trouble": state[1]}))
                if name is not None:
                    now = await self._trials_of(name)
                    if now is not feed:  # the sweep is another one, or was not there before
                        feed, trials = now, 0
                        events.append(_event("anew", {}))
                    if feed is not None:
                        changed, trials = feed.since(trials)
                        events += [_event("trials", {"rows": each, "version": trials}) for each in _parts(changed)]
                if events or time.monotonic() > told + BEAT_S:
                    told = time.monotonic()
                    yield "".join(events) or ": still here\n\n"
                async with self._looked:
                    await self._wait()
        finally:
            self._listeners -= 1

    async def _wait(self) -> None:
        """Until the next look, or a while."""
        if self._closed:
            return
        try:
            await asyncio.wait_for(self._looked.wait(), BEAT_S)
        except TimeoutError:
            return

    async def _trials_of(self, name: str) -> Feed | None:
        try:
            return (await asyncio.to_thread(self._board.view, name)).trials
        except (TunerError, OSError):
            return None

    def _tell_closed(self) -> None:
        async def tell() -> None:
            async with self._looked:
                self._looked.notify_all()

        self._wake.set()
        self._telling = asyncio.ensure_future(tell())


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'), allow_nan=False)}\n\n"


def _parts(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The values in events of a bounded size."""
    names = list(values)
    return [{name: values[name] for name in names[first : first + CHUNK]} for first in range(0, len(names), CHUNK)]
