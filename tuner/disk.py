"""What a disk refuses, in words for a person: it is full, read-only, worn out."""

from __future__ import annotations

import errno

from tuner.errors import one_line

_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file may not grow any more",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk fails",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
}
_FULL = "database or disk is full"  # sqlite's words


def refusal(error: BaseException | None) -> OSError | None:
    """The disk's error that this one is, or from which it came: torch speaks of its archive when a write has failed.

    >>> refusal(ValueError("no disk had a part in it")) is None
    True
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _WORDS:
            return error
        error = error.__cause__ or error.__context__
    return None


def words(error: OSError) -> str:
    """A disk's error in words, with the file if it is known.

    >>> words(OSError(28, "No space left on device", "runs/x/study.log"))
    'the disk is full: runs/x/study.log'
    """
    reason = _WORDS.get(error.errno or 0, error.strerror or one_line(error))
    return f"{reason}: {error.filename}" if error.filename else reason


def trouble(error: BaseException) -> str:
    """The words for an error that a disk is to blame for; empty for any other."""
    found = refusal(error)
    if found:
        return words(found)
    return _WORDS[errno.ENOSPC] if _FULL in str(error) else ""
