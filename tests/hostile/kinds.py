"""All kinds of bad input, and a table of how many ended how: `python tests/hostile/kinds.py [TIMES]`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import optuna

from hostile import binaries, images, models, names, spaces, tables, texts
from hostile.ends import End, Kind, tally

KINDS: list[Kind] = [
    kind for module in (spaces, tables, images, texts, binaries, models, names) for kind in module.KINDS
]


def table(times: int = 1) -> dict[str, Counter[End]]:
    """How the inputs of each kind ended, of `times` as many as in the test suite."""
    return {kind.name: tally(kind, times * kind.examples) for kind in KINDS}


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print("| bad input | tried |", " | ".join(End), "|")
    print("|---|---|" + "---|" * len(End))
    for name, ends in table(int((sys.argv[1:] or ["1"])[0])).items():
        print(f"| {name} | {ends.total()} |", " | ".join(str(ends[end]) for end in End), "|")
