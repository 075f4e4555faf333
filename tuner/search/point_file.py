"""The file of `--enqueue`: points to try, as TOML, JSON or CSV."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

from tuner.core.errors import TunerError, one_line
from tuner.search.overrides import literal
from tuner.search.space_file import read_text, read_toml
from tuner.search.start_points import START, placed

MOST_CHARACTERS = 10_000_000
OPTION = "--enqueue"


def read_points(file: Path) -> list[tuple[str, Any]]:
    """The points of a file, each with its place there, such as `start[0]` or `line 2`. They are not checked yet.

    TOML has [[start]] tables, JSON the same or a list of objects, CSV a column for each parameter. An empty cell of it
    names nothing.

    Raises:
        TunerError: it cannot be read, with the file and the reason.
    """
    source = f"{OPTION} {file}"
    readers = {".toml": _read_toml, ".json": _read_json, ".csv": _read_csv}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise TunerError(f"{source}: must be a file that ends in {', '.join(readers)}")
    text = read_text(file, OPTION, MOST_CHARACTERS)
    if len(text) > MOST_CHARACTERS:
        raise TunerError(f"{source}: more than {MOST_CHARACTERS:,} characters")
    points = reader(text, source)
    if not points:
        raise TunerError(f"{source}: has no points")
    return points


def _read_toml(text: str, source: str) -> list[tuple[str, Any]]:
    return _of_document(read_toml(text, source, "a file of points; CSV may have more"), source)


def _read_json(text: str, source: str) -> list[tuple[str, Any]]:
    try:
        raw = json.loads(text)
    except RecursionError:
        raise TunerError(f"{source}: not valid JSON: brackets are nested too deeply") from None
    except ValueError as error:
        raise TunerError(f"{source}: not valid JSON: {one_line(error)}") from None
    return _of_document(raw, source) if isinstance(raw, dict) else placed(raw, source)


def _of_document(raw: dict[str, Any], source: str) -> list[tuple[str, Any]]:
    for key in raw:
        if key != START:
            raise TunerError(f"{source}: unknown key '{key}': it has [[{START}]] alone; a search space is for --space")
    return placed(raw.get(START, []), source)


def _read_csv(text: str, source: str) -> list[tuple[str, Any]]:
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    points: list[tuple[str, Any]] = []
    try:
        names = [name.strip() for name in next(rows, [])]
        if len(set(names)) < len(names):
            raise TunerError(f"{source}: line 1: a parameter stands there twice: {', '.join(names)}")
        for row in rows:
            place = f"line {rows.line_num}"
            if len(row) not in (0, len(names)):
                raise TunerError(f"{source}: {place}: has {len(row)} cells, and the first line {len(names)}")
            if row:
                cells = zip(names, row, strict=True)
                points.append((place, {name: literal(cell) for name, cell in cells if cell.strip()}))
    except csv.Error as error:
        raise TunerError(f"{source}: line {rows.line_num}: not valid CSV: {one_line(error)}") from None
    return points
