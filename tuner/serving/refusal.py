"""A request that a server does not answer."""

from __future__ import annotations

from tuner.core.errors import TunerError


class RefusedError(TunerError):
    """Says why in one line, with a status of HTTP."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
