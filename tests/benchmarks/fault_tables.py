"""Writes the tables of docs/faults.md from what `pytest -m faults --faults FILE` has counted: `make faults`."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from pages import hardware, parts, write

ROOT = Path(__file__).parents[2]
MARK = "faults"
HELD = ("trials", "epochs", "metrics")

Entry = dict[str, Any]


def main() -> None:
    """Writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the file that pytest wrote")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "faults.md", help="the page that has the tables")
    arguments = parser.parse_args()
    before, after = parts(arguments.page, MARK)
    text = tables(json.loads(arguments.file.read_text(encoding="utf-8")))
    write(arguments.page, f"{before}{text}{after}")
    print(text)


def tables(entries: Sequence[Entry]) -> str:
    """Markdown: faults, the time to resume, and bad inputs."""
    faults = [entry for entry in entries if not entry["ends"]]
    inputs = [entry for entry in entries if entry["ends"]]
    measured = f"Measured {datetime.now(UTC):%Y-%m-%d} on {hardware()}."
    return "\n\n".join([measured, _faults(faults), _resumes(faults), _inputs(inputs)]) + "\n"


def _faults(entries: Iterable[Entry]) -> str:
    rows = []
    for kind, group in [*_by_kind(entries).items(), ("all together", list(entries))]:
        injected = sum(entry["injected"] for entry in group)
        survived = sum(entry["injected"] for entry in group if not entry["wrong"])
        lost = [sum(column) for column in zip(*(entry["lost"] for entry in group), strict=True)]
        kept = [sum(entry[name] for entry in group) for name in HELD]
        both = [f"{count:,} / {gone:,}" for count, gone in zip(kept, lost, strict=True)]
        rows.append([kind, f"{injected:,}", f"{survived:,}", *both])
    return _table(["fault", "injected", "survived", *(f"{name} kept / lost" for name in HELD)], rows)


def _resumes(entries: Iterable[Entry]) -> str:
    seconds = sorted(second for entry in entries for second in entry["resumes"])
    if not seconds:
        return "No sweep was resumed."
    return (
        f"From `tuner resume` to the first new epoch: {median(seconds):.0f} s "
        f"({seconds[0]:.0f} to {seconds[-1]:.0f} s, {len(seconds)} times)."
    )


def _inputs(entries: Iterable[Entry]) -> str:
    ends: list[str] = list(dict.fromkeys(end for entry in entries for end in entry["ends"]))
    rows = []
    for kind, group in [*_by_kind(entries).items(), ("all together", list(entries))]:
        tried = sum(entry["injected"] for entry in group)
        rows.append([kind, f"{tried:,}", *(f"{sum(entry['ends'].get(end, 0) for entry in group):,}" for end in ends)])
    return _table(["bad input", "tried", *ends], rows)


def _by_kind(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry["kind"]].append(entry)
    return groups


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    return "\n".join([line(header), "|---" * len(header) + "|", *map(line, rows)])


if __name__ == "__main__":
    main()
