"""Numbers as people and programs write them: separators, units, signs. A column is read in one style."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tuner.data.number_scales import Found, common_scale, split_scale

LARGEST = 3.4028234e38  # beyond it a float32 is infinite
PERCENT = "%"


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written."""

    decimal: str = "."
    thousands: str = ""
    """The separator of groups of digits: a comma, a point, a space or an apostrophe; empty if there is none."""
    unit: str = ""
    """What stands before or after numbers, such as `kg`, `%` or `$`. A number may lack it, unless it is `%`."""
    scaled: bool = False
    """Whether a factor may stand before or after the unit, such as k or M; a number without one is as it stands."""


PLAIN = NumberStyle()
_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2013\ufe63\uff0d", "-"),  # minus signs and dashes
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u202f", " "),  # spaces that typesetters put between digits
        **dict.fromkeys("\u2019\u02bc\u00b4`", "'"),
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},  # full-width digits
        "\uff0c": ",",
        "\uff0e": ".",
        "\uff05": "%",
    }
)
_CURRENCY = (
    r"(?:(?:US|AU|CA|A|C|R|HK|NZ|S)?\$|[\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20aa\u20ab\u0e3f\u20b4]|"
    r"(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|CNY|INR|BRL|RUB|SEK|NOK|DKK|PLN|CZK|HUF|TRY|ZAR|MXN|KRW|SGD|HKD|NZD)\b|Rs\.?|kr\.?)"
)
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?) ?(?P<prefix>{_CURRENCY})? ?(?P<inner>[+-]?)"
    r"(?P<body>[.,]?[0-9](?:[0-9., ']*[0-9])?\.?)(?P<exponent>[eE][+-]?[0-9]{1,3})?"
    r" ?(?P<suffix>(?:[^\W\d_]|[%\u2030\u00b0/]|[\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20aa\u20ab$])"
    r"(?:[^\W\d_]|[%\u00b0/.$\u20ac\u00a3\u00b2\u00b3\u00b7^ -]){0,15})?"
)
_BRACKETED = re.compile(rf"((?:{_CURRENCY})? ?)\(([^()]+)\)(.*)")
_ZERO = re.compile(rf"{_CURRENCY} ?-")  # spreadsheets' format for accounts
_NINES = str.maketrans("12345678", "99999999")


@dataclass(frozen=True)
class _Parts:
    negative: bool
    body: str
    exponent: str
    unit: str


@dataclass(frozen=True)
class StyleChoice:
    """The style that reads most texts of a column."""

    style: NumberStyle
    read: int
    """How many texts it reads."""
    ambiguous: bool
    """Whether another style reads as many, as other numbers: `1,234` is 1234 or 1.234."""


def parse_number(text: str, style: NumberStyle) -> float | None:
    """The number that a text without spaces around it stands for; None when it is none of this style.

    >>> parse_number("(1,234.50)", NumberStyle(thousands=",")), parse_number("12 %", NumberStyle(unit="%"))
    (-1234.5, 12.0)
    """
    parts = _split(text)
    value = None if parts is None else _value(parts, style)
    return None if value is None or abs(value) > LARGEST else value


def simple_numbers(texts: NDArray[np.object_], style: NumberStyle) -> NDArray[np.float64]:
    """The numbers of texts that have a sign and digits alone; NaN for any other, which `parse_number` may read."""
    values = texts.tolist()
    if not style.thousands and style.unit != PERCENT:
        joined = "".join(values)
        if "_" not in joined and (style.decimal == "." or "." not in joined):  # Python allows both in a number
            with suppress(ValueError):
                pointed = values if style.decimal == "." else [text.replace(",", ".") for text in values]
                return np.array(list(map(float, pointed)), dtype=np.float64)
    if style == PLAIN and len(values) > 1000:
        return np.array(pd.to_numeric(texts, errors="coerce"), dtype=np.float64)
    if style.unit == PERCENT:
        return np.full(len(values), np.nan)
    matches = _simple(style.decimal, style.thousands).fullmatch
    point, group = style.decimal, style.thousands or "_"
    return np.array(
        [float(text.replace(group, "").replace(point, ".")) if matches(text) else np.nan for text in values],
        dtype=np.float64,
    )


def choose_style(texts: Mapping[str, int], *, comma: bool = False) -> StyleChoice:
    """The style that reads most of the texts.

    Args:
        texts: the different texts of a column, without missing ones, and how many cells have each.
        comma: whether the rest of the table shows that commas are decimal; it decides where a column is ambiguous.
    """
    shapes: Counter[str] = Counter()  # which digits there are makes no difference, but for zeros
    for text, count in texts.items():
        shapes[text.translate(_NINES)] += count
    found = {shape: parts for shape in shapes if (parts := _split(shape)) is not None}
    candidates = _candidates(found.values(), _common_unit(found, shapes), comma=comma)
    scale = _common_scale(found, shapes)
    if scale is not None:
        scaled = [replace(style, unit=scale, scaled=True) for style in candidates]
        most = [max(_read(found, shapes, style) for style in styles) for styles in (scaled, candidates)]
        candidates = scaled if most[0] >= most[1] else candidates
    counts = {style: _read(found, shapes, style) for style in candidates}
    best = max(counts, key=lambda style: counts[style])  # the first among equals
    rivals = [style for style, count in counts.items() if style != best and count == counts[best]]
    ambiguous = any(_value(parts, best) != _value(parts, rival) for rival in rivals for parts in found.values())
    return StyleChoice(best, counts[best], ambiguous)


def other_reading(text: str, style: NumberStyle) -> float | None:
    """What an ambiguous text is when its separator is decimal and not one of thousands, or the other way round."""
    decimal, thousands = (",", "") if style.decimal == "." else (".", ",")
    return parse_number(text, replace(style, decimal=decimal, thousands=thousands))


def is_like_number(text: str) -> bool:
    """Whether a text is a number in some style."""
    return any(character.isdigit() for character in text) and choose_style({text: 1}).read == 1


def fits_unit(text: str, style: NumberStyle) -> bool:
    """Whether a text may be a number with the unit of a style, whatever separators it has."""
    parts = _split(text)
    return parts is not None and _factor(parts, style) is not None


def unit_of(text: str) -> str:
    """The unit that a number comes with, factors such as k among them; empty for any other text."""
    parts = _split(text)
    return parts.unit if parts else ""


def _candidates(found: Iterable[_Parts], unit: str, *, comma: bool) -> list[NumberStyle]:
    """The styles that can make a difference, the preferred ones first."""
    bodies = [parts.body for parts in found]
    there = {sign for sign in ".,' " if any(sign in body for body in bodies)}
    points = [NumberStyle(".", group, unit) for group in ("", ",", " ", "'") if not group or group in there]
    commas = [NumberStyle(",", group, unit) for group in ("", ".", " ", "'") if not group or group in there]
    if "," not in there and not (comma and "." in there) and all(body.count(".") < 2 for body in bodies):
        return points
    return [*commas, *points] if comma else [*points, *commas]


def _common_unit(found: Mapping[str, _Parts], counts: Mapping[str, int]) -> str:
    """The unit that at least half of the numbers have; empty if there is none."""
    units: Counter[str] = Counter()
    for text, parts in found.items():
        units[parts.unit] += counts[text]
    unit, count = max(units.items(), key=lambda item: item[1], default=("", 0))
    return unit if 2 * count >= units.total() else ""


def _common_scale(found: Mapping[str, _Parts], counts: Mapping[str, int]) -> str | None:
    """The unit beside factors such as k and M, where these multiply numbers."""
    if not any(split_scale(unit).factor != 1 for unit in {parts.unit for parts in found.values()}):
        return None
    sizes = ((parts, re.split("[.,](?=[0-9]{1,2}$)", parts.body)[0], shape) for shape, parts in found.items())
    return common_scale(
        Found(parts.unit, float(re.sub("[^0-9]", "", whole) or 0), counts[shape]) for parts, whole, shape in sizes
    )


def _read(found: Mapping[str, _Parts], counts: Mapping[str, int], style: NumberStyle) -> int:
    return sum(counts[text] for text, parts in found.items() if _value(parts, style) is not None)


@lru_cache(maxsize=1 << 14)
def _split(text: str) -> _Parts | None:
    """Sign, digits and unit of a text; None if it is nothing like a number."""
    if not text.isascii() or " " in text or "`" in text:
        text = " ".join(text.translate(_SAME).split())
    negative = False
    if text.endswith("-") and _ZERO.fullmatch(text):
        text = f"{text[:-1]}0"
    elif bracketed := _BRACKETED.fullmatch(text) if "(" in text else None:  # as accountants write it
        negative, text = True, "".join(bracketed.groups())
    elif text.endswith("-"):  # as old databases write it
        negative, text = True, text[:-1].rstrip()
    match = _NUMBER.fullmatch(text)
    if match is None or (match["sign"] and match["inner"]) or (negative and (match["sign"] or match["inner"])):
        return None
    negative = negative or "-" in (match["sign"], match["inner"])
    unit = (match["prefix"] or "") + (match["suffix"] or "").strip()
    return _Parts(negative, match["body"], match["exponent"] or "", unit)


def _value(parts: _Parts, style: NumberStyle) -> float | None:
    factor = _factor(parts, style)
    if factor is None or not _body(style.decimal, style.thousands).fullmatch(parts.body):
        return None
    digits = parts.body.replace(style.thousands, "") if style.thousands else parts.body
    value = float(digits.replace(style.decimal, ".") + parts.exponent) * factor
    return -value if parts.negative else value


def _factor(parts: _Parts, style: NumberStyle) -> float | None:
    """What a number is multiplied with; None where its unit is another one."""
    unit, factor = split_scale(parts.unit) if style.scaled else (parts.unit, 1.0)
    if _singular(unit) != _singular(style.unit) and (unit or style.unit == PERCENT):
        return None
    return factor


def _singular(unit: str) -> str:
    return unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit


@cache
def _simple(decimal: str, thousands: str) -> re.Pattern[str]:
    return re.compile(rf"[+-]?(?:{_body(decimal, thousands).pattern})(?:[eE][+-]?[0-9]{{1,3}})?")


@cache
def _body(decimal: str, thousands: str) -> re.Pattern[str]:
    point, group = re.escape(decimal), re.escape(thousands)
    plain = rf"[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+"
    if not thousands:
        return re.compile(plain)
    grouped = rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+"
    if thousands == ",":
        grouped += r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"  # lakhs and crores
    return re.compile(rf"(?:{grouped})(?:{point}[0-9]*)?|{plain}")
