"""What tells whether a sweep is as it was: the state of its files, without reading them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.lock import is_locked
from tuner.sweeps.state_files import FileState, locks, state_files, state_of


class Stamp(NamedTuple):
    """Differs when anything has changed that the state of a sweep is read from."""

    running: bool
    drawing: bool
    """Whether its report is being drawn."""
    config: FileState
    files: tuple[FileState, ...]

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """That of the sweep in this folder. Takes some 50 microseconds."""
        folder = SweepFolder(path)
        running, drawing = map(is_locked, locks(folder))
        config, *watched = map(state_of, state_files(folder))
        return cls(running, drawing, config, tuple(watched))
