"""The one error that is meant to be read by a user."""

from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import category

LONGEST_NAME = 250  # characters of a class or column
MOST_SHOWN, LAST_SHOWN = 2000, 500  # characters of a message, and of its end where there are more


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


def check_name(name: str, what: str) -> None:
    """Raises TunerError for a name that stores, terminals or tables would not take: `what` it is the name of."""
    if len(name) > LONGEST_NAME:
        raise TunerError(f"{what} '{name[:20]}...' has a name of {len(name)} characters: {LONGEST_NAME} are the most")
    if any(category(character) in ("Cc", "Cs") for character in name):
        raise TunerError(f"{what} {name!r} has a control character, or one that is no UTF-8, in its name")


def shown(text: str) -> str:
    """A text as a terminal may show it: one line of at most 2,000 characters, which moves no cursor.

    What cannot be printed is escaped, such as the ESC in the name of somebody else's file, and what is no character.

    >>> shown("a\\x1b[2J\\tb")
    'a\\\\x1b[2J b'
    """
    line = " ".join(text.split())
    if len(line) > MOST_SHOWN:
        line = f"{line[: MOST_SHOWN - LAST_SHOWN]} ... {line[-LAST_SHOWN:]}"  # how to mend it stands at the end
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
