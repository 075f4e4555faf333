"""Which century years of two digits are in: one decision for a column, in which its years stay together."""

from __future__ import annotations

from collections.abc import Collection

LATEST = 2068  # of the hundred years that two digits may mean, where nothing else is known, as in POSIX
NARROW = 10  # years that a column must lack in a row; otherwise it fills a whole century
AHEAD = 20  # years after the last one, where a column reaches into the future


def choose_latest(years: Collection[int], today: int) -> int:
    """The last of the hundred years that two digits mean in a column.

    The years of a column are taken to be in one run, which does not begin in the future: 30 to 99 are 1930 to 1999,
    and not 2030 to 2068 with 1969 to 1999, while 24 to 29 may be 2024 to 2029.

    Args:
        years: of two digits, 0 to 99.
        today: this year.
    """
    ordered = sorted(set(years))
    if not ordered:
        return LATEST
    gaps = [(after - before) % 100 or 100 for before, after in zip(ordered, ordered[1:] + ordered[:1], strict=True)]
    widest = max(range(len(gaps)), key=lambda place: gaps[place])
    if gaps[widest] < NARROW:
        return today
    begin = ordered[(widest + 1) % len(ordered)]
    begin += (today - begin) // 100 * 100  # the last time that it was
    end = begin + 100 - gaps[widest]
    return min(end + AHEAD if end > today else today, begin + 99)


def full_year(digits: str, latest: int) -> int:
    """The year that is meant.

    >>> full_year("45", 2026), full_year("2045", 2026)
    (1945, 2045)
    """
    return int(digits) if len(digits) == 4 else latest - (latest - int(digits)) % 100
