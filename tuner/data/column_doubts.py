"""Why a column that looks like numbers, dates or times is not read as such; and numbers that may be something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from tuner.core.errors import quoted
from tuner.data.cells import Cells
from tuner.data.dates import choose_order, is_date, parse_date
from tuner.data.missing import is_missing
from tuner.data.number_text import choose_style, is_like_number, parse_number, unit_of
from tuner.data.text_sample import sampled_share
from tuner.data.times import is_time

FEW = 0.25  # a smaller share of a sample of a column's texts cannot be most of its cells
FEW_WORDS = 5  # on average, from which cells are sentences
FEWEST_IDS = 20
FIRST_DAY, LAST_DAY = 19000101, 21001231
_LEADING_ZERO = re.compile(r"0\d.*", re.DOTALL)
_EXPONENT = re.compile(r"[0-9]+[eE][0-9]+")
_ID = re.compile(r"(?:.*[ _.-])?(?:id|ids|uid|uuid|guid|key|nr|no)|.*[a-z](?:I[dD])", re.DOTALL)


def why_not(counts: Mapping[str, int]) -> str:
    """Why the texts, which come with their counts, are no numbers, dates or times; empty where they are unlike these.

    >>> why_not({"1.5": 8, "7": 2, "few": 1}), why_not({"500 g": 3, "1.2 kg": 4}), why_not({"red": 3})
    ("10 of 11 cells are numbers, but 'few' is not", \
"they look like numbers with different units, such as '1.2 kg' and '500 g'", '')
    """
    known = {text: count for text, count in counts.items() if not is_missing(text)}
    for noun, test in (("numbers", is_like_number), ("dates", is_date), ("times", is_time)):
        alike = _most(known, test)
        if not alike:
            continue
        kinds = {"numbers": _kinds_of_numbers, "dates": _orders_of_dates}.get(noun)
        found = kinds(alike) if kinds else ""
        other = next((text for text in known if text not in alike), None)
        if found or other is None:
            return found
        return f"{sum(alike.values())} of {sum(counts.values())} cells are {noun}, but {quoted(other)} is not"
    return ""


def are_sentences(texts: Iterable[str]) -> bool:
    """Whether texts are mostly of several words."""
    lengths = [sum(any(map(str.isalpha, word)) for word in text.split()) for text in texts]
    return bool(lengths) and sum(lengths) >= FEW_WORDS * len(lengths)


def may_be_none(name: str, texts: Cells, numbers: NDArray[np.float64]) -> list[tuple[str, str]]:
    """Notes, with their kinds, on numbers that may stand for something else: codes, dates, ids.

    Args:
        name: of the column.
        texts: (rows,) its cells.
        numbers: (rows,) what they are read as; NaN where a cell is none.
    """
    found = []
    joined = "".join(texts.tolist())
    codes = [_LEADING_ZERO, *([_EXPONENT] if "e" in joined or "E" in joined else [])]
    for code in codes:
        for text, number in zip(texts, numbers, strict=True):
            if code.fullmatch(text) and not np.isnan(number):
                found.append(("codes", f"{quoted(text)} is read as the number {number:.15g}"))
                break
    known = numbers[~np.isnan(numbers)]
    if _may_be_days(known):
        what = (
            f"numbers such as {known[0]:.15g} may be dates, and are read as numbers: write them as {_as_date(known[0])}"
        )
        found.append(("days", what))
    if (
        len(known) >= FEWEST_IDS
        and _ID.fullmatch(name)
        and len(np.unique(known)) == len(known)
        and not (known % 1).any()
    ):
        what = f"all its {len(known)} numbers differ, as those of an id do: leave the column out if it is one"
        found.append(("ids", what))
    return found


def _most(known: Mapping[str, int], test: Callable[[str], bool]) -> dict[str, int]:
    """The cells that pass a test, if these are more than half; not all are looked at where few do."""
    if sampled_share(known, test) < FEW:
        return {}
    passed = {text: count for text, count in known.items() if test(text)}
    return passed if 2 * sum(passed.values()) > sum(known.values()) else {}


def _kinds_of_numbers(numbers: Mapping[str, int]) -> str:
    """Two numbers of different units or notations, where they are the reason."""
    choice = choose_style(numbers)
    unread = next((text for text in numbers if parse_number(text, choice.style) is None), None)
    if unread is None:
        return ""
    units = Counter[str]()
    for text, count in numbers.items():
        units[unit_of(text)] += count
    usual = units.most_common(1)[0][0]
    if unit_of(unread) != usual:
        example = next(text for text in numbers if unit_of(text) == usual)
        return f"they look like numbers with different units, such as {quoted(example)} and {quoted(unread)}"
    other = choose_style({unread: 1}).style
    read = [text for text in numbers if parse_number(text, choice.style) is not None]
    example = next((text for text in read if parse_number(text, other) is None), read[0])
    return f"they look like numbers in different notations, such as {quoted(example)} and {quoted(unread)}"


def _orders_of_dates(dates: Mapping[str, int]) -> str:
    """Two dates of different orders, where they are the reason."""
    order = choose_order(dates).order
    unread = next((text for text in dates if parse_date(text, order) is None), None)
    if unread is None:
        return ""
    other = "mdy" if order == "dmy" else "dmy"
    example = next((text for text in dates if parse_date(text, other) is None), next(iter(dates)))  # type: ignore[arg-type]
    return f"they look like dates in different orders, such as {quoted(example)} and {quoted(unread)}"


def _may_be_days(numbers: NDArray[np.float64]) -> bool:
    """Whether all are like 20250131."""
    if not (len(numbers) and FIRST_DAY <= numbers[0] <= LAST_DAY):  # mostly the end of it
        return False
    if numbers.min() < FIRST_DAY or numbers.max() > LAST_DAY or (numbers % 1).any():
        return False
    days, months = numbers % 100, numbers // 100 % 100
    return bool(((days >= 1) & (days <= 31) & (months >= 1) & (months <= 12)).all())


def _as_date(number: float) -> str:
    digits = f"{number:.0f}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
