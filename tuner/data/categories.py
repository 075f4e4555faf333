"""Categories: which spellings are one category, and one-hot features."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from unicodedata import normalize

from tuner.data.missing import EVERYWHERE

MISSING, UNKNOWN = -1, -2
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_PAIRS = [{"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"}, {"on", "off"}]


class Categories:
    """The categories of a column, and which spellings stand for each.

    What pandas cannot tell apart is one category: `TRUE` and `True`, `3`, `03` and `3.0`. So are upper and lower case
    where all categories are words for yes and no. Any other difference makes another category.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._any_case = is_boolean(names)
        self._exact = {name: place for place, name in enumerate(names)}
        self._places = {self.key(name): place for place, name in reversed(list(enumerate(names)))}

    def key(self, text: str) -> str:
        """Two texts with one key are the same category."""
        key = category_key(text)
        return key.lower() if self._any_case else key

    def places(self, texts: Sequence[str]) -> list[int]:
        """The index of each cell's category, MISSING or UNKNOWN."""
        known = {text: self._place(text) for text in dict.fromkeys(texts)}
        return [known[text] for text in texts]

    def _place(self, text: str) -> int:
        found = self._exact.get(text)
        if found is None:
            found = MISSING if text in EVERYWHERE else self._places.get(self.key(text), UNKNOWN)
        return found


def category_key(text: str) -> str:
    """What is left of a text without spaces around it where pandas may have read it as a boolean or a number.

    >>> [category_key(text) for text in ("TRUE", "True", "03", "3.0", "3.50", "red", "Red")]
    ['true', 'true', '3', '3', '3.5', 'red', 'Red']
    """
    if text in ("True", "TRUE", "true", "False", "FALSE", "false"):
        return text.lower()
    if text.isascii():
        return number_key(text) if _NUMBER.fullmatch(text) else text
    return normalize("NFC", text)


def number_key(text: str) -> str:
    """The shortest way to write the same number."""
    if text.isdigit():
        return str(int(text)) if len(text) < 4000 else text
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)


def is_boolean(names: Sequence[str]) -> bool:
    """Whether all are words for yes and no."""
    words = {name.lower() for name in names}
    return bool(words) and any(words <= pair for pair in _PAIRS)


def join_spellings(counts: Mapping[str, int]) -> dict[str, list[str]]:
    """The spellings of each category by its most frequent one, which comes first."""
    alike = Categories(list(counts)).key
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for text in sorted(counts, key=lambda text: (-counts[text], text)):
        groups[alike(text)].append(text)
    return {spellings[0]: spellings for spellings in groups.values()}


def differ_by_case(names: Sequence[str]) -> list[list[str]]:
    """The groups of two or more names that differ by case or spaces alone."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[" ".join(name.casefold().split())].append(name)
    return [group for group in groups.values() if len(group) > 1]
