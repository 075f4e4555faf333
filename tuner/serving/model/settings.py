"""What a server of a model is told: where it listens, how it joins requests, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.core.errors import TunerError
from tuner.serving.access import is_loopback
from tuner.serving.model.usual import HOST

MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """See the options of `tuner serve`."""

    host: str = HOST
    token_digest: str = ""
    """Of what a request must bring as `Authorization: Bearer TOKEN`, see `access.digest_of`; empty for none."""
    most_batch: int = 64
    """Samples in one pass of the network, from one request or several."""
    wait_s: float = 0.0
    """How long a sample waits for others while the network has nothing to do."""
    most_bytes: int = 16 * MB
    """Of the body of a request."""
    most_samples: int = 1024
    """In a request."""
    most_pixels: int = 64_000_000
    """Of all images of a request together, as files have them."""
    most_waiting: int = 4096
    """Samples that wait for the network; more are refused with 503."""
    most_explained: int = 16
    """Images of a request, each of which takes a pass forward and back."""
    follow_s: float = 10.0
    """How often it is looked whether the name means another version by now; 0 for never."""
    threads: int = 1
    """Of torch, for one pass."""
    encoders: int = 2
    """Threads that decode images and read tables."""

    def __post_init__(self) -> None:
        for name in ("most_batch", "most_bytes", "most_samples", "threads"):
            if getattr(self, name) < 1:
                raise TunerError(f"{_OPTIONS[name]} must be at least 1")
        for name in ("wait_s", "follow_s"):
            if not 0 <= getattr(self, name) < 86_400:
                raise TunerError(f"{_OPTIONS[name]} must be 0 or more, and less than a day")

    @property
    def local(self) -> bool:
        """Whether programs of this machine alone can reach it."""
        return is_loopback(self.host)


_OPTIONS = {
    "most_batch": "--max-batch",
    "wait_s": "--max-wait",
    "most_bytes": "--max-megabytes",
    "most_samples": "--max-samples",
    "follow_s": "--follow",
    "threads": "--threads",
}
