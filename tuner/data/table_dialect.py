"""How the cells of a table are separated and quoted, judged by its first rows; and its rows as cells."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from tuner.data.table_record import Record
from tuner.data.table_text import Lines
from tuner.data.table_width import cells_at, fixed_columns

SEPARATORS = ",;\t|"
SPACE = " "  # runs of white space
_PRINTS = ("#", "(", "[")  # of lines of fixed width: comments, and counts of rows such as [9 rows x 3 columns]
_NOTHING = "\x1f"
SAMPLE_ROWS, SAMPLE_CHARACTERS = 100, 400_000
GOOD = 0.8  # the share of rows that have the usual number of cells, where a separator is right
MOST_BROKEN = 1000  # rows that are tried again from their next line, each of at most 131,072 characters
_LONGEST = csv.field_size_limit()
_WORDS = {"|": "|", SPACE: "white space"}
_PLURALS = {",": "commas", ";": "semicolons", "\t": "tabs", SPACE: "spaces"}


def plural(separator: str) -> str:
    """What cells are separated by, whatever sign a file names; '^' for one that has no usual word."""
    return _PLURALS.get(separator, f"'{separator}'")


@dataclass(frozen=True)
class Dialect:
    """How cells are separated and quoted."""

    separator: str = ","
    quote: str = '"'
    escape: str | None = None
    """A character before a quote within quotes; None where the quote is doubled."""
    columns: tuple[int, ...] = ()
    """Fixed width: where each column begins."""

    def notes(self) -> list[str]:
        """What is unusual enough to be said."""
        found = []
        if self.columns:
            found.append(f"columns of fixed width, which begin at {', '.join(str(n + 1) for n in self.columns[:10])}")
        elif self.separator in _WORDS:
            found.append(f"cells are separated by {_WORDS[self.separator]}")
        if not self.quote:
            found.append("quotes are read as part of the text, since many are not closed")
        elif self.quote != '"':
            found.append("cells are quoted by single quotes")
        if self.escape:
            found.append("quotes within cells have a backslash before them")
        return found


class _Fit(NamedTuple):
    """How well a dialect fits; the greatest is the best."""

    named: bool
    """A row has all the names that are expected."""
    good: bool
    """Nearly all rows have as many cells as the first, or one more or less."""
    is_character: bool
    """White space is only what nothing else fits better."""
    share: float
    """Of rows with the usual number of cells, which are at least two."""
    cells: int
    plain: bool
    """No escape is needed, and quotes are closed."""


def find_dialect(text: str, separator: str | None, expected: Collection[str]) -> Dialect:
    """The dialect that fits best.

    Args:
        text: of the file.
        separator: as the file itself says, or None.
        expected: names of columns that it has, where some are known.
    """
    beginning = list(islice((line for line in Lines(text) if line.strip()), 5))
    longest = max(map(len, beginning), default=0)
    count = max(5, min(SAMPLE_ROWS, SAMPLE_CHARACTERS // (longest + 1)))
    if len(expected) == 1 and beginning and beginning[0].strip().strip("\"'") in expected:
        return Dialect(_NOTHING)  # the only column: its commas do not separate
    sample = "".join(islice(Lines(text[: 2 * SAMPLE_CHARACTERS]), count))
    quote = "'" if _has_single_quotes(sample) else '"'
    quotes: list[tuple[str, str | None]] = [(quote, None)]
    if quote in sample:
        quotes += [(quote, "\\"), ("", None)]
    best, fit = Dialect(quote=quote), _Fit(False, False, True, 0, 0, True)
    for each in separator or (*SEPARATORS, SPACE):
        for mark, escape in quotes if each in "\t|" else quotes[:2]:
            dialect = Dialect(each, mark, escape)
            rows = [record.cells for record in islice(read_records(text, dialect), count)]
            found = _fit(rows, dialect, set(expected))
            if found > fit:
                best, fit = dialect, found
    if best.separator == "\t" and fit.share < 1:  # some programs write several tabs to align
        spaces = replace(best, separator=SPACE)
        rows = [record.cells for record in islice(read_records(text, spaces), count)]
        if _fit(rows, spaces, set(expected)).share == 1:
            return spaces
    unclear = not fit.named and not fit.good and fit.share < 0.5
    if unclear or (best.separator == SPACE and fit.share < 1):
        columns = fixed_columns(
            [line.rstrip() for line in Lines(text) if line.strip() and not line.startswith(_PRINTS)]
        )
        if columns:
            return replace(best, columns=columns)
        return best if fit.share >= 0.5 else replace(best, separator=",")
    return best


def read_text(text: str, dialect: Dialect) -> tuple[list[Record], Dialect]:
    """All rows that are not blank. Where some are badly quoted, another way to quote may fit all of them."""
    spaced = _has_spaced_quotes(text, dialect)
    records = list(read_records(text, dialect, spaced=spaced))
    if not any(record.broken for record in records) or dialect.separator == SPACE:
        return records, dialect
    others = [replace(dialect, escape="\\")]
    if dialect.separator in "\t|":
        others.append(replace(dialect, quote="", escape=None))
    for other in others:
        again = list(read_records(text, other, spaced=spaced))
        if len({len(record.cells) for record in again}) == 1:
            return again, other
    return records, dialect


def _has_spaced_quotes(text: str, dialect: Dialect) -> bool:
    """Whether a cell may begin with spaces and a quote, so that such spaces are none of a cell's own."""
    if not dialect.quote or f" {dialect.quote}" not in text:
        return False
    return re.search(rf"(?:\A|[{re.escape(dialect.separator)}\r\n]) +{re.escape(dialect.quote)}", text) is not None


def read_records(text: str, dialect: Dialect, *, spaced: bool = True) -> Iterator[Record]:
    """The rows that are not blank, with the line where each starts; their cells have no spaces around them.

    Spaces belong to the layout beside |, in fixed columns, and before quotes; elsewhere `Record.padded` has them.
    `spaced` says whether there may be spaces before quotes. A quote that is wrong breaks its row alone: reading goes on
    in the next line.
    """
    lines = Lines(text)
    if dialect.columns or dialect.separator == SPACE:
        for line in lines:
            if dialect.columns:
                cells = [line.strip()] if line.startswith(_PRINTS) else cells_at(line, dialect.columns)
            else:
                cells = _words(line, dialect)
            if any(map(str.strip, cells)):
                yield Record.of(lines.number, cells)
        return
    broken = 0
    while lines.position < len(text):
        for record in _separated(lines, dialect, spaced=spaced):
            yield record
            broken += bool(record.broken)
        if broken > MOST_BROKEN:
            return


def _separated(lines: Lines, dialect: Dialect, *, spaced: bool) -> Iterator[Record]:
    """The rows up to one that is broken, after which `lines` stands at the line after that where it starts."""
    started: list[tuple[int, int]] = []  # where the lines of this row end, and their numbers

    ends = re.escape(dialect.separator)
    null = re.compile(rf"(?<![^{ends}])\\N(?=[{ends}\r\n]|$)")  # of MySQL, which the escape would make an N

    def read() -> Iterator[str]:
        for line in lines:
            if not started:
                started.append((lines.position, lines.number))
            yield null.sub(r"\\\\N", line) if dialect.escape else line

    reader = csv.reader(
        read(),
        delimiter=dialect.separator,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape,
        doublequote=True,
        skipinitialspace=spaced,
        strict=True,
    )
    try:
        for row in reader:
            _, number = started[0]
            if row:
                record = Record.of(number, row)
                yield record._replace(padded=()) if dialect.separator == "|" else record
            started.clear()
    except csv.Error as error:
        position, number = started[0]
        lines.position, lines.number = position, number
        yield Record(number, [], _reason(str(error)))


def _reason(error: str) -> str:
    if "unexpected end" in error or "field limit" in error:
        return f"a quote that is never closed, or a cell of more than {_LONGEST:,} characters"
    return f"badly quoted: {error}"


def _words(line: str, dialect: Dialect) -> list[str]:
    if dialect.quote not in line:
        return line.split()
    quote = re.escape(dialect.quote)
    parts = re.finditer(rf"{quote}((?:[^{quote}\\]|{quote}{quote}|\\.)*){quote}(?!\S)|(\S+)", line)
    doubled = dialect.quote * 2
    return [
        part[2] if part[1] is None else re.sub(rf"\\({quote})", r"\1", part[1].replace(doubled, dialect.quote))
        for part in parts
    ]


def _fit(rows: list[list[str]], dialect: Dialect, expected: set[str]) -> _Fit:
    named = bool(expected) and any(expected.issubset([*row, *_uncommented(row)]) for row in rows[:30])
    rows = [row for row in rows if not row or not row[0].startswith(("#", "+-"))]  # comments, and rulers of MySQL
    below = rows[1:] or rows  # a header may have one cell less
    counts = Counter(len(row) for row in below if len(row) > 1)
    usual, number = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    share = number / len(below) if below else 0.0
    first = len(rows[0]) if rows else 0
    plain = not dialect.escape and dialect.quote != ""
    good = share >= GOOD and first >= 2 and abs(first - usual) <= 1
    if dialect.separator == SPACE and first > usual:  # a sentence before something else
        good = False
    return _Fit(named, good, dialect.separator != SPACE, share, first if good else usual, plain)


def _uncommented(row: list[str]) -> list[str]:
    return [row[0].lstrip("# ")] if row else []


def _has_single_quotes(sample: str) -> bool:
    """Whether most lines have cells in single quotes, and none in double ones."""
    ends = r"[,;\t|\r\n]"
    if re.search(rf'(?:^|{ends})\s*"', sample):
        return False
    cells = re.findall(rf"(?:^|(?<={ends}))[ ]*'(?:[^'\r\n]|'')*'[ ]*(?=$|{ends})", sample)
    lines = sum(1 for line in Lines(sample) if line.strip())
    return len(cells) >= lines / 2 > 0
