"""`make faults`: the tables of docs/faults.md hold what the fault tests have entered."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from fault_tables import MARK
from faults.inventory import Inventory
from faults.ledger import Entry, Ledger
from pages import parts

ROOT = Path(__file__).parents[2]


SCRIPT = ROOT / "tests" / "benchmarks" / "fault_tables.py"


def test_entries_are_added_up_by_kind(tmp_path: Path) -> None:
    entries: list[Entry] = []
    ledger = Ledger(entries)
    ledger.enter("killed", 3, Inventory(trials=10, epochs=60, metrics=1000), [4.0, 6.0])
    ledger.enter("full disk", 1, Inventory(trials=4, epochs=8, metrics=80))
    ledger.enter("killed", 2, Inventory(10, 50, 990, 1, 9, 10, ["trial 3 has no run"]), [20.0])
    ledger.enter_inputs("tables", {"refused": 1300, "skipped": 0})
    (tmp_path / "faults.md").write_text("before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n")
    (tmp_path / "faults.json").write_text(json.dumps([asdict(entry) for entry in entries]))
    command = [sys.executable, str(SCRIPT), "faults.json", "--page", "faults.md"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    before, _, measured, _, *lines, _, after = (tmp_path / "faults.md").read_text().splitlines()
    assert (before, after) == ("before", "after")
    assert measured.startswith("Measured 20")
    assert lines == [
        "| fault | injected | survived | trials kept / lost | epochs kept / lost | metrics kept / lost |",
        "|---|---|---|---|---|---|",
        "| killed | 5 | 3 | 20 / 1 | 110 / 9 | 1,990 / 10 |",
        "| full disk | 1 | 1 | 4 / 0 | 8 / 0 | 80 / 0 |",
        "| all together | 6 | 4 | 24 / 1 | 118 / 9 | 2,070 / 10 |",
        "",
        "From `tuner resume` to the first new epoch: 6 s (4 to 20 s, 3 times).",
        "",
        "| bad input | tried | refused | skipped |",
        "|---|---|---|---|",
        "| tables | 1,300 | 1,300 | 0 |",
        "| all together | 1,300 | 1,300 | 0 |",
    ]


def test_the_page_of_the_docs_has_a_place_for_the_tables() -> None:
    before, after = parts(ROOT / "docs" / "faults.md", MARK)
    assert before.startswith("# Reliability")
    assert after == f"<!-- /{MARK} -->\n"
