"""The one error that is meant to be read by a user."""

from collections.abc import Iterable
from difflib import get_close_matches


class TunerError(ValueError):
    """What a user got wrong, in one line: the thing, its value and the valid choices. Shown without traceback."""


def unknown(what: str, name: str, choices: Iterable[str]) -> TunerError:
    """The error for a `name` that is none of `choices`: the nearest ones first, else all of them."""
    choices = sorted(choices)
    near = get_close_matches(name, choices, n=3, cutoff=0.6)
    if near:
        return TunerError(f"unknown {what} '{name}': did you mean {' or '.join(near)}?")
    return TunerError(f"unknown {what} '{name}': choose one of {', '.join(choices)}")


def one_line(error: BaseException) -> str:
    """The message of an error of somebody else, without its line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
