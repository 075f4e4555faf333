"""How long a sweep takes, and apart from that how long its confirmation takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder


@dataclass
class Stopwatch:
    """Measures one run of a sweep, from when it is made."""

    earlier: float | None = None
    """Seconds that the sweep took, when it was finished before; this run adds nothing to them."""
    confirmed: float | None = None
    """Seconds of the trainings with other seeds; None before there are any."""
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, folder: SweepFolder) -> Self:
        """The stopwatch of a sweep that begins to run now. Raises TunerError when its result is damaged."""
        result = read_result(folder.path) if folder.result.exists() else {}
        return cls(earlier=result.get("seconds"), confirmed=result.get("confirm_seconds"))

    @property
    def seconds(self) -> float:
        """Of the sweep, without its confirmation."""
        if self.earlier is not None:
            return self.earlier
        return time.monotonic() - self.began - (self.confirmed or 0.0)

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """What is done in the block counts as the confirmation."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.confirmed = time.monotonic() - began
