"""Which zygote this process asks for forks, and whether it is a fork itself."""

from __future__ import annotations

_zygote = ""
_forked = False


def use(mark: str, *, forked: bool = False) -> None:
    """Names the zygote; `forked` says that this process is a fork of it."""
    global _zygote, _forked
    _zygote, _forked = mark, forked


def zygote() -> str:
    """The mark of the zygote that may fork workers for this process; empty where there is none."""
    return _zygote


def is_fork() -> bool:
    """Whether this process was forked from it."""
    return _forked
