"""`make results`: a command's scores in the file of rows and in the README's table."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from support.common import Finished

from tuner.core import catalog
from tuner.core.score_text import score_digits, score_text
from tuner.core.scores import Interval

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/benchmarks/results.py"
README = "# A title\n\n<!-- results -->\nold\n<!-- /results -->\n\nThe rest.\n"


class Place:
    """A README and a file of rows of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.readme, self.rows = folder, folder / "README.md", folder / "docs/results.json"
        self.readme.write_text(README)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        places = ("--rows", str(self.rows), "--readme", str(self.readme), "--home", str(self.folder / "runs"))
        command = [sys.executable, str(SCRIPT), *arguments, *places]
        return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    def read(self) -> dict[str, Any]:
        rows: dict[str, Any] = json.loads(self.rows.read_text())
        return rows


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_result_from_elsewhere_is_entered_with_its_date_hardware_and_budget(place: Place, finished: Finished) -> None:
    """From a version that did not measure the cost: that is measured now, from the sweep's folder."""
    old = {name: value for name, value in finished.result.items() if name != "cost"}
    (place.folder / "result.json").write_text(json.dumps(old))
    command = "tuner sweep digits cnn --trials 8 --max-epochs 9"
    done = place.run(
        *("--from", str(place.folder / "result.json"), "--command", command),
        *("--hardware", "a fast machine", "--date", "2026-01-31"),
    )
    assert done.returncode == 0, done.stderr
    row, result = place.read()["digits-cnn"], finished.result
    assert (row["command"], row["date"], row["hardware"]) == (command, "2026-01-31", "a fast machine")
    assert row["test"] == result["test"]
    assert row["val_accuracy"] == result["best"]["val_accuracy"]
    assert row["cost"] == pytest.approx(result["cost"])
    assert (row["trials"], row["epochs"], row["seconds"]) == (8, result["epochs"], result["seconds"])
    before, text, after = (
        place.readme.read_text().replace("<!-- /results -->", "<!-- results -->").split("<!-- results -->")
    )
    assert (before, after) == ("# A title\n\n", "\n\nThe rest.\n")
    measured, empty, header, line, cells = text.strip().splitlines()
    assert (measured, empty, line) == ("Measured 2026-01-31 on a fast machine.", "", "|" + "---|" * 7)
    assert header == "| pair | accuracy | macro F1 | ROC-AUC | parameters | budget | time |"
    test = result["test"]
    accuracy = score_text(test["accuracy"], Interval(*test["accuracy_interval"]))
    macro_f1 = score_digits(test["macro_f1"], Interval(*test["macro_f1_interval"]))
    assert cells.startswith(f"| digits-cnn | {accuracy} | {macro_f1} | ")
    assert f" | `{command}` | " in cells


@pytest.mark.proof
def test_a_command_is_run_and_one_that_fails_leaves_its_row(place: Place) -> None:
    kept = {"command": "tuner sweep digits lenet", "date": "2026-01-01", "hardware": "slow", "seconds": 4000.0}
    kept |= {"test": {"accuracy": 0.5, "macro_f1": 0.5, "roc_auc": 0.5}, "cost": None}
    place.rows.parent.mkdir()
    place.rows.write_text(json.dumps({"digits-lenet": kept}))
    done = place.run("--command", "tuner train digits cnn --epochs 1 --cpus 1 --set width=0.125")
    assert done.returncode == 0, done.stderr
    rows = place.read()
    assert list(rows) == ["digits-cnn", "digits-lenet"]
    assert rows["digits-lenet"] == kept
    assert rows["digits-cnn"]["trials"] == rows["digits-cnn"]["epochs"] == 1
    assert rows["digits-cnn"]["cost"]["parameters"] > 0
    assert (place.folder / "runs" / "digits-cnn-1" / "result.json").exists()
    table = place.readme.read_text()
    assert "Measured 2026-01-01 on slow: digits-lenet." in table
    assert "| digits-lenet | 0.5000 | 0.5000 | 0.5000 |  | `tuner sweep digits lenet` | 67 min |" in table

    failed = place.run("--command", "tuner train digits cnn --no-such-option")
    assert failed.returncode == 1
    assert "failed, and its row is as it was: tuner train digits cnn --no-such-option" in failed.stderr
    assert (place.read(), place.readme.read_text()) == (rows, table)


def test_what_cannot_be_is_refused_before_anything_is_run(place: Place, finished: Finished) -> None:
    assert "no budget for mnist-cn: choose from digits-cnn" in place.run("mnist-cn").stderr
    result = finished.sweep / "result.json"
    other = place.run("--from", str(result), "--command", "tuner sweep digits lenet")
    assert (other.returncode, other.stderr) == (1, "the result is of digits-cnn, and the command of digits-lenet\n")
    place.readme.write_text("no table")
    assert "which are not there" in place.run("digits-cnn").stderr
    assert not place.rows.exists()
    assert place.readme.read_text() == "no table"


def test_the_readme_shows_the_rows_that_are_kept() -> None:
    spec = spec_from_file_location("results", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    results = module_from_spec(spec)
    spec.loader.exec_module(results)
    kept = ROOT / "docs/results.json"
    rows = json.loads(kept.read_text()) if kept.exists() else {}
    shown = (ROOT / "README.md").read_text().partition("<!-- results -->\n")[2].partition("<!-- /results -->")[0]
    assert shown == (results.table(rows) if rows else "")


def test_there_is_one_budget_for_each_pair_with_a_search_space() -> None:
    shown = subprocess.run([sys.executable, str(SCRIPT), "none"], capture_output=True, text=True, check=False).stderr
    pairs = shown.rpartition("choose from ")[2].split()
    assert len(pairs) == len(set(pairs))
    assert set(catalog.names("search_spaces")) <= set(pairs)
