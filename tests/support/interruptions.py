"""Commands that end in the middle, as by a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Killed(BaseException):
    """As sudden as a kill: nothing catches it."""


@contextmanager
def killed_at(place: Any, step: str, *, after: bool) -> Iterator[None]:
    """What runs in this block ends where it calls a function, a step of it, or right after that.

    Args:
        place: the module or class that has the function.
        step: its name.
        after: whether it is still called.
    """
    real: Callable[..., Any] = getattr(place, step)

    def interrupted(*arguments: Any, **options: Any) -> None:
        if after:
            real(*arguments, **options)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, step, interrupted)
        with pytest.raises(Killed):
            yield
