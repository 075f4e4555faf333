"""Words that programs write where a value is missing."""

from __future__ import annotations

import re

# What pandas.read_csv takes for missing, as it is spelled. It cannot be told from an empty cell afterwards, so these
# are missing in every column: otherwise a model would get other values from pandas than it was trained on.
_PANDAS = [
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
]
EVERYWHERE = frozenset(["", "#N/A", "#N/A N/A", "#NA", *_PANDAS, "nan", "null"])

_SPREADSHEETS = ["#getting_data", "#nv", "#nd", "#n/d", "#n.d.", "#n/disp", "#brak", "#i/t", "#\u043d/\u0434"]
_DATABASES = ["\\n", "(null)", "[null]", "<null>", "nil", "nat", "(blank)", "(empty)"]
_STATISTICS = [
    ".",
    *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    "sysmis",
]  # Stata, SAS, SPSS
_PEOPLE = [
    "-",
    "--",
    "---",
    "\u2013",
    "\u2014",
    "..",
    "...",
    "\u2026",
    "?",
    "??",
    "*",
    "n.a.",
    "n.a",
    "n/d",
    "n.d.",
    "nd",
    "k.a.",
    "s/d",
]
_WORDS = ["missing", "unknown", "undefined", "not available", "not applicable", "no data", "none", "empty"]
_INFINITE = ["inf", "-inf", "+inf", "infinity", "-infinity", "+infinity", "1.#inf", "-1.#inf", "\u221e", "-\u221e"]
_NO_VALUE = frozenset(
    [*map(str.lower, EVERYWHERE), *_SPREADSHEETS, *_DATABASES, *_STATISTICS, *_PEOPLE, *_WORDS, *_INFINITE]
)
_ERROR = re.compile(r"#\S{1,20}[!?]|##+")  # in any language, such as #WERT!; or of a column that is too narrow
_NO_DATE = re.compile(r"0{1,4}([-/.])0{1,2}\1(?:0{1,4}|1900)(?: 0{1,2}:00(?::00(?:\.0+)?)?)?|1900-01-00|1/0/1900")


def is_missing(text: str) -> bool:
    """Whether a cell has no value in a column of numbers, dates or times; upper and lower case are alike.

    >>> [is_missing(text) for text in ("", "#WERT!", "N.A.", "-", "inf", "0000-00-00", "0", "few")]
    [True, True, True, True, True, True, False, False]
    """
    if text.lower() in _NO_VALUE:
        return True
    if text[:1] == "#":
        return _ERROR.fullmatch(text) is not None
    return text[:1] in "01" and _NO_DATE.fullmatch(text) is not None
