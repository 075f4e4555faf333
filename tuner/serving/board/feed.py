"""Values by name, each with the number of the change that brought it: a reader asks for what is new since its last."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock
from typing import Any

GONE = None
"""The value of a name that is there no more."""


class Feed:
    """The last value of each name. It needs no memory for readers: a slow one misses what was replaced meanwhile."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[str, tuple[int, Any]] = {}
        self.version = 0
        """The number of the last change."""

    def put(self, name: str, value: Any) -> bool:
        """Sets a value; returns whether it is another one than before."""
        with self._lock:
            if name in self._values and self._values[name][1] == value:
                return False
            self.version += 1
            self._values[name] = self.version, value
            return True

    def keep(self, names: Collection[str]) -> None:
        """Sets all others to GONE."""
        for name in self.values().keys() - set(names):
            self.put(name, GONE)

    def values(self) -> dict[str, Any]:
        """All that are there."""
        return {name: value for name, value in self.since(0)[0].items() if value is not GONE}

    def since(self, version: int) -> tuple[dict[str, Any], int]:
        """What has changed since a version, and the version of now."""
        with self._lock:
            changed = {name: value for name, (when, value) in self._values.items() if when > version}
            return changed, self.version
