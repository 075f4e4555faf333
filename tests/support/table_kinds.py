"""A table with a column of each kind that people have, as a CSV file, and the ways in which pandas reads it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

ROWS = 60


def _cycle(*cells: str) -> list[str]:
    return [cells[(7 * row + row // 11) % len(cells)] for row in range(ROWS)]


def _each(cell: Callable[[int], str]) -> list[str]:
    return [cell((37 * row) % 61) for row in range(ROWS)]


KINDS: dict[str, list[str]] = {
    "whole": _each(str),
    "whole, blanks": _each(lambda n: "" if n % 7 == 0 else str(n)),
    "big": _each(lambda n: str(1_760_000_000_123 + n)),
    "codes": _each(lambda n: f"{n:05d}"),
    "real": _each(lambda n: f"{n / 7:.4f}"),
    "real, NA": _each(lambda n: "NA" if n % 7 == 0 else f"{n / 7:.4f}"),
    "real, whole by chance": _each(lambda n: f"{n}.0"),
    "exponents": _each(lambda n: f"{n}e-3"),
    "TRUE": _cycle("TRUE", "FALSE"),
    "True": _cycle("True", "False"),
    "true": _cycle("true", "false"),
    "yes": _cycle("yes", "no"),
    "1": _cycle("1", "0"),
    "TRUE, blanks": _cycle("TRUE", "FALSE", ""),
    "category": _cycle("red", "green", "blue"),
    "category, blanks": _cycle("red", "", "blue"),
    "category, NA": _cycle("red", "NA", "blue", "None", "N/A"),
    "category like a number": _cycle("10", "07", "2.50", "x7", "y", "z"),
    "date": _each(lambda n: f"2024-{n % 12 + 1:02d}-{n % 28 + 1:02d}"),
    "time": _each(lambda n: f"2024-{n % 12 + 1:02d}-{n % 28 + 1:02d} {n % 24:02d}:30:00"),
    "day first": _each(lambda n: f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/2024"),
    "quoted": _cycle("a, b", 'the "c"', "two\nlines"),
    "padded": _cycle(" red ", "green ", " blue"),
    "padded numbers": _each(lambda n: f" {n} "),
    "thousands": _each(lambda n: f"{n * 977 + 3:,}"),
    "percent": _each(lambda n: f"{n / 4}%"),
    "decimal comma": _each(lambda n: f"{n / 4:.2f}".replace(".", ",")),
    "both": _each(lambda n: f"{n * 977 / 4:,.2f}".translate(str.maketrans(",.", ".,"))),
    "points": _each(lambda n: f"{n * 977_123 + 12_000:,}".replace(",", ".")),
    "currency": _each(lambda n: f"${n * 977:,}.50"),
    "accounts": _each(lambda n: f"({n},000.25)" if n % 3 == 0 else f"{n},000.25"),
    "units": _each(lambda n: f"{n} kg"),
    "factors": _each(lambda n: f"${n / 4}M" if n % 3 else f"${n + 100}K"),
    "a factor": _each(lambda n: f"{n / 4}k" if n % 3 else f"{n + 200}"),
    "errors": _each(lambda n: "#DIV/0!" if n == 5 else "-" if n == 9 else str(n)),
    "short years": _each(lambda n: f"{n % 28 + 1:02d}.{n % 12 + 1:02d}.{n % 60 + 35}"),
    "no end": _each(lambda n: "9999-12-31" if n % 3 == 0 else f"2024-{n % 12 + 1:02d}-{n % 28 + 1:02d}"),
    "no date": _each(lambda n: "0000-00-00" if n % 3 == 0 else f"2024-{n % 12 + 1:02d}-{n % 28 + 1:02d}"),
    "clock": _each(lambda n: f"{n % 24}:{n % 60:02d}"),
    "clock, seconds": _each(lambda n: f"{n % 24:02d}:{n % 60:02d}:30"),
    "AM and PM": _each(lambda n: f"{n % 12 + 1}:{n % 60:02d} {'AM' if n % 2 else 'PM'}"),
    "duration": _each(lambda n: f"{n // 20}h {n % 60}m" if n >= 20 else f"{n}m"),
    "minutes": _each(lambda n: f"{n // 20}:{n % 60:02d}:10" if n >= 40 else f"{n}:15"),
    "timedelta": _each(lambda n: f"{n // 24} days {n % 24:02d}:01:10.500000"),
    "ISO duration": _each(lambda n: f"PT{n}M30S"),
    "a stray word": _each(lambda n: "oops" if n == 5 else str(n)),
}
"""The cells of each column."""


def write_table(path: Path, columns: Mapping[str, list[str]], target: list[str] | None = None) -> Path:
    """Writes the columns as they stand, and the classes as a last column `class`."""
    every = {**columns, **({"class": target} if target else {})}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(every)
        writer.writerows(zip(*every.values(), strict=True))
    return path


def _texts(text: str) -> dict[str, list[str]]:
    header, *rows = csv.reader(io.StringIO(text))
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


PANDAS: dict[str, Callable[[str], Any]] = {
    "read_csv": lambda text: pd.read_csv(io.StringIO(text)),
    "as text": lambda text: pd.read_csv(io.StringIO(text), dtype=str),
    "as objects": lambda text: pd.read_csv(io.StringIO(text), dtype=object),
    "without missing words": lambda text: pd.read_csv(io.StringIO(text), keep_default_na=False),
    "text without missing words": lambda text: pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False),
    "convert_dtypes": lambda text: pd.read_csv(io.StringIO(text)).convert_dtypes(),
    "nullable": lambda text: pd.read_csv(io.StringIO(text), dtype_backend="numpy_nullable"),
    "Arrow": lambda text: pd.read_csv(io.StringIO(text), dtype_backend="pyarrow"),
    "categorical": lambda text: pd.read_csv(io.StringIO(text)).astype("category"),
    "a dictionary of lists": lambda text: pd.read_csv(io.StringIO(text)).to_dict("list"),
    "a dictionary of texts": _texts,
    "a dictionary of arrays": lambda text: {n: s.to_numpy() for n, s in pd.read_csv(io.StringIO(text)).items()},
    "a list of rows": lambda text: pd.read_csv(io.StringIO(text)).to_dict("records"),
    "in another order": lambda text: pd.read_csv(io.StringIO(text)).assign(more=1).iloc[:, ::-1],
}
"""What reads the text of a CSV file, and may be given to a model."""
