"""Long texts and long lists, cut to what a line can hold."""

from __future__ import annotations

from collections.abc import Sequence


def shorten(text: str, most: int) -> str:
    """Cuts a text to this many characters; the last one is an ellipsis if there were more.

    >>> shorten("long", 4), shorten("longer", 4)
    ('long', 'lon…')
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def first_names(names: Sequence[str], most: int) -> str:
    """The first so many names, and how many more there are.

    >>> first_names(["a", "b"], 2), first_names(["a", "b", "c"], 2)
    ('a, b', 'a, b and 1 more')
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
