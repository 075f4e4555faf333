"""Numbers with a factor after them: 1.2k, $340K, 5 Mio. €, 3 crore."""

from __future__ import annotations

import re
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

_FACTORS = {
    **dict.fromkeys(["k", "K", "tsd", "Tsd", "thousand"], 1e3),
    **dict.fromkeys(["lakh", "Lakh", "lakhs"], 1e5),
    **dict.fromkeys(["M", "mn", "Mn", "mln", "Mio", "mio", "million", "Million", "millions"], 1e6),
    **dict.fromkeys(["cr", "Cr", "crore", "Crore", "crores"], 1e7),
    **dict.fromkeys(["B", "bn", "Bn", "G", "Mrd", "mrd", "billion", "billions", "milliard", "milliards"], 1e9),
    **dict.fromkeys(["T", "tn", "trn", "trillion"], 1e12),
}
_MONEY = "$\u20ac\u00a3\u00a5\u20b9"  # beside these, m is a million
_SCALE = re.compile(
    r"(?P<before>[^\w ]{0,4}|[A-Z]{3}|Rs\.?) ?(?P<scale>[^\W\d_]+)\.?(?P<after>(?: ?[^\w ]| [A-Z]{3})?)"
)
ABOVE = 5.0  # how many times larger numbers without a factor are than those before a factor, where they are units


class Scaled(NamedTuple):
    """A unit without its factor."""

    unit: str
    factor: float


class Found(NamedTuple):
    """Some numbers of a column that have one unit."""

    unit: str
    size: float
    """About how large they are, as written."""
    cells: int


def split_scale(unit: str) -> Scaled:
    """What is a factor in a unit, and what is left of it.

    >>> split_scale("$M"), split_scale("k"), split_scale("Mio. €"), split_scale("kg")
    (Scaled(unit='$', factor=1000000.0), Scaled(unit='', factor=1000.0), Scaled(unit='€', factor=1000000.0), \
Scaled(unit='kg', factor=1.0))
    """
    match = _SCALE.fullmatch(unit)
    if match is None:
        return Scaled(unit, 1.0)
    rest = (match["before"] + match["after"]).strip()
    factor = 1e6 if _is_money(rest) and match["scale"] == "m" else _FACTORS.get(match["scale"])
    return Scaled(unit, 1.0) if factor is None else Scaled(rest, factor)


def common_scale(numbers: Iterable[Found]) -> str | None:
    """The unit that is left where factors multiply the numbers of a column; None where the column does not show that.

    It does with two factors, or where the numbers without one are much larger: 950 beside 1.2k, but not 285 beside
    300 K. Where all have the same factor, it is a unit like any other.
    """
    by_factor: dict[float, list[float]] = {}
    units = set()
    for found in numbers:
        unit, factor = split_scale(found.unit)
        by_factor.setdefault(factor, []).extend([found.size] * min(found.cells, 1000))
        units.add(unit)
    named = units - {""}
    if len(named) > 1 or (named != units and not all(map(_is_money, named))):
        return None
    factors = [factor for factor in by_factor if factor != 1]
    if len(factors) > 1:
        return next(iter(named), "")
    larger = factors and 1.0 in by_factor and median(by_factor[1.0]) >= ABOVE * median(by_factor[factors[0]])
    return next(iter(named), "") if larger else None


def _is_money(unit: str) -> bool:
    return any(sign in _MONEY for sign in unit) or (len(unit) == 3 and unit.isupper())
