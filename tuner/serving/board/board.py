"""What the page shows: all sweeps of a home folder, and those of them that somebody looks at."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock

from tuner.core.errors import TunerError
from tuner.serving.board.cluster import Cluster
from tuner.serving.board.overview import Overview
from tuner.serving.board.sweep_view import SweepView

LEFT_S = 60.0  # after which a sweep that nobody looks at any more is forgotten
MOST_VIEWS = 20


class Board:
    """Read by several threads. Nothing is written: all that it knows lies in the folders of the sweeps."""

    def __init__(self, home: Path, cluster: Cluster | None = None) -> None:
        self.home, self.cluster = home, cluster
        self.overview = Overview(home)
        self._views: dict[str, tuple[SweepView, float]] = {}
        self._lock = Lock()

    @property
    def complete(self) -> bool:
        """Whether each sweep has been read once."""
        return self.overview.complete and (self.cluster is None or self.cluster.complete)

    @property
    def trouble(self) -> str:
        """Why nothing new comes from the cluster; empty while all is well."""
        return self.cluster.trouble if self.cluster else ""

    def look(self) -> None:
        """Reads what has changed in the list, and in each sweep that is looked at."""
        self.overview.look()
        for name, view in self._kept():
            try:
                view.look()
            except (TunerError, OSError):  # it is gone
                self.forget(name)

    def view(self, name: str) -> SweepView:
        """A sweep, as it is now. Raises TunerError when there is no such sweep, or it is damaged."""
        with self._lock:
            view = self._views[name][0] if name in self._views else SweepView(name, self.overview)
            self._views[name] = view, time.monotonic()
        view.look()
        return view

    def forget(self, name: str) -> None:
        """Drops what is known of the trials of a sweep."""
        with self._lock:
            self._views.pop(name, None)

    def _kept(self) -> list[tuple[str, SweepView]]:
        """The sweeps that are looked at, or were until a moment ago."""
        with self._lock:
            latest = sorted(self._views.items(), key=lambda item: -item[1][1])[:MOST_VIEWS]
            self._views = {name: (view, when) for name, (view, when) in latest if time.monotonic() < when + LEFT_S}
            return [(name, view) for name, (view, _) in self._views.items()]
