"""Words that programs write where a value is missing."""

from __future__ import annotations

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

_SPREADSHEETS = [
    "#div/0!",
    "#ref!",
    "#value!",
    "#name?",
    "#num!",
    "#null!",
    "#error!",
    "#calc!",
    "#spill!",
    "#getting_data",
]
_DATABASES = ["\\n", "(null)", "[null]", "<null>", "nil", "nat", "(blank)", "(empty)"]
_STATISTICS = [
    ".",
    *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    "sysmis",
    "#nullwert!",
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


def is_missing(text: str) -> bool:
    """Whether a cell has no value in a column of numbers or dates; upper and lower case are alike.

    >>> [is_missing(text) for text in ("", "#DIV/0!", "N.A.", "-", "inf", "0", "few")]
    [True, True, True, True, True, False, False]
    """
    return text.lower() in _NO_VALUE
