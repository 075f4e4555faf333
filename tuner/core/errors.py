"""Errors that are meant for a user: one line each. Disk errors are described in words."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import category

from tuner.core.shorten import first_names

LONGEST_NAME = 250  # characters in the name of a class or column
MOST_CHOICES = 40  # names in an error
SHOWN = 40  # characters of a cell or name in a message
MOST_SHOWN, LAST_SHOWN = 2000, 500  # characters shown of a message, and of its end if it is longer


class TunerError(ValueError):
    """A user's mistake in one line: the option, its value and the valid choices. Shown without a traceback."""


def unknown(what: str, name: str, choices: Iterable[str]) -> TunerError:
    """The error for a `name` that is not among `choices`. It names the nearest ones, or else all of them."""
    choices = sorted(choices)
    near = get_close_matches(name, choices, n=3, cutoff=0.6)
    if near:
        return TunerError(f"unknown {what} '{name}': did you mean {' or '.join(near)}?")
    return TunerError(f"unknown {what} '{name}': choose one of {first_names(choices, MOST_CHOICES)}")


def one_line(error: BaseException) -> str:
    """An error's message without line breaks, or the name of its type if there is no message."""
    return " ".join(str(error).split()) or type(error).__name__


def check_name(name: str, what: str) -> None:
    """Raises TunerError for a name that stores, terminals or tables do not accept. `what` says what has the name."""
    if len(name) > LONGEST_NAME:
        raise TunerError(f"{what} '{name[:20]}...' has a name of {len(name)} characters: the limit is {LONGEST_NAME}")
    if any(category(character) in ("Cc", "Cs") for character in name):
        raise TunerError(f"{what} {name!r} has a control character, or one that is not UTF-8, in its name")


def printable(text: str) -> str:
    """A text that is safe to show in a terminal: one line of at most 2,000 characters, without control codes.

    Unprintable and invalid characters are escaped, such as the ESC in the name of somebody else's file.

    >>> printable("a\\x1b[2J\\tb")
    'a\\\\x1b[2J b'
    """
    line = " ".join(text.split())
    if len(line) > MOST_SHOWN:
        line = f"{line[: MOST_SHOWN - LAST_SHOWN]} ... {line[-LAST_SHOWN:]}"  # the end says how to fix it
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def quoted(value: object) -> str:
    """A cell or name in a message.

    >>> quoted("a\\tb"), quoted("x" * 50)
    ("'a b'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'")
    """
    text = printable(str(value))
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}...'"


_DISK_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file has reached its size limit",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk has an I/O error",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}


_SQLITE_FULL = "database or disk is full"  # sqlite's words


def find_disk_error(error: BaseException | None) -> OSError | None:
    """The disk error that `error` is or was caused by: torch reports a failed write as an error of its archive.

    >>> find_disk_error(ValueError("no disk had a part in it")) is None
    True
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_WORDS:
            return error
        error = error.__cause__ or error.__context__
    return None


def describe_disk_error(error: OSError) -> str:
    """A disk error in words, with the file if it is known.

    >>> describe_disk_error(OSError(28, "No space left on device", "runs/x/study.log"))
    'the disk is full: runs/x/study.log'
    """
    reason = _DISK_WORDS.get(error.errno or 0, error.strerror or one_line(error))
    return f"{reason}: {error.filename}" if error.filename else reason


def disk_error_text(error: BaseException) -> str:
    """The words for an error that a disk has caused; empty for any other error."""
    found = find_disk_error(error)
    if found:
        return describe_disk_error(found)
    return _DISK_WORDS[errno.ENOSPC] if _SQLITE_FULL in str(error) else ""


class SweepStopped(KeyboardInterrupt):
    """A signal has stopped a sweep before there was a trial to save."""

    def __init__(self, name: str, signal: int) -> None:
        """`name` is the sweep's."""
        super().__init__(name)
        self.name = name
        self.signal = signal


class SweepError(RuntimeError):
    """A sweep that gives no model: one line that says what is kept and how to continue."""


def disk_sweep_error(trouble: str, name: str) -> SweepError:
    """The error of a sweep that stopped because of its disk."""
    return SweepError(f"{trouble}; every trial is kept as last saved; once the disk is fixed: tuner resume {name}")
