"""`tuner compare PAIR`: sweeps of one pair side by side, from their folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.common import make_config
from support.made_up_search import begin, report_of

from tuner.cli.side_by_side import show_side_by_side
from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.side_by_side import side_by_side, sweeps_meant
from tuner.sweeps.side_by_side_rows import rows_of


def make_sweep(home: Path, name: str, test: float | None = 0.9, data: str = "same", **changes: Any) -> None:
    """A sweep of digits-cnn of three trials of one epoch; without a `test` accuracy it is not finished."""
    folder = home / name
    folder.mkdir(parents=True)
    config = make_config(**{"name": name, "trials": 3, "epochs": 1, "concurrency": 1, "data": data, **changes})
    config.save(folder)
    controller, _ = begin(config, folder)
    while drawn := controller.next_trial():
        controller.on_report(drawn[0], report_of(1, 0.5 + drawn[0] / 10))
    if test is not None:
        result = {
            "best": {"trial": 2, "val_samples": 100},
            "test": {"accuracy": test, "samples": 100, "accuracy_interval": [test - 0.05, test + 0.05]},
            "test_data": data,
            "validation": {"data": data},
            "seconds": 65.0,
            "ended_by": "trials",
        }
        write_checked_json(SweepFolder(folder).result, result)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    make_sweep(tmp_path, "digits-cnn-1")
    space = {"epochs": 1, "params": {"dropout": {"low": 0.0, "high": 0.5}}, "constrain": ["dropout < 0.4"]}
    make_sweep(tmp_path, "digits-cnn-2", 0.8, sampler="random", space=space, epoch_budget=30)
    return tmp_path


def shown(home: Path, names: list[str], *, as_json: bool = False, width: int = 200) -> str:
    out, err = Console(width=width, highlight=False), Console(quiet=True)
    with out.capture() as capture:
        assert show_side_by_side(names, home, as_json=as_json, out=out, err=err) == 0
    return capture.get()


def test_a_pair_or_names_of_sweeps_mean_sweeps_and_a_dataset_does_not(two: Path) -> None:
    assert sweeps_meant(["digits-cnn"], two) == ["digits-cnn-1", "digits-cnn-2"]
    assert sweeps_meant(["digits-cnn-2", "digits-cnn-1"], two) == ["digits-cnn-2", "digits-cnn-1"]
    assert sweeps_meant(["digits"], two) == sweeps_meant([], two) == []


def test_what_stands_alone_is_refused(two: Path) -> None:
    make_sweep(two, "mnist-cnn-1", dataset="mnist")
    for words, message in (
        (["digits-cnn-1"], "digits-cnn-1 is one sweep: name another one beside it, or compare all of its pair: digits"),
        (["digits-cnn-1", "digits-cnn-3"], "unknown sweep 'digits-cnn-3'"),
        (["digits-cnn-1", "digits-cnn-1"], "digits-cnn-1 is named twice"),
    ):
        with pytest.raises(TunerError, match=message):
            sweeps_meant(words, two)
    with pytest.raises(TunerError, match="mnist-cnn has one sweep, mnist-cnn-1: there is nothing to compare it with"):
        side_by_side(["mnist-cnn-1"], two)
    with pytest.raises(TunerError, match="are sweeps of different pairs"):
        side_by_side(["mnist-cnn-1", "digits-cnn-1"], two)


def test_rows_say_what_was_allowed_what_was_searched_and_what_was_found(two: Path) -> None:
    rows = {
        name: dict(group) for name, group in rows_of(side_by_side(["digits-cnn-1", "digits-cnn-2"], two).sides).items()
    }
    assert rows["search"]["sampler"] == ["tpe", "random"]
    assert rows["search"]["other budgets"] == ["-", "30 epochs in all"]
    assert rows["search space, where they differ"] == {
        "dropout": ["0 .. 0.9", "0 .. 0.5"],
        "constrain": ["-", "dropout < 0.4"],
    }
    assert rows["found"]["best validation score"] == ["val_accuracy 0.70 (0.60 to 0.78)"] * 2
    assert rows["found"]["test score"] == ["accuracy 0.90 (0.85 to 0.95)", "accuracy 0.80 (0.75 to 0.85)"]
    assert rows["found"]["time"] == ["65 s", "65 s"]
    assert rows["found"]["winner"] == ["trial 2, epoch 1"] * 2
    assert "its number of trials" in rows["found"]["ended by"]
    assert set(rows["parameters of the winner"]) == {"dropout"}


def test_the_terminal_shows_each_cell_and_the_page_has_both_sweeps(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_HOME", str(two))
    text = shown(two, ["digits-cnn-1", "digits-cnn-2"])
    assert "accuracy 0.90 (0.85 to 0.95)" in text
    page = Path(text.rsplit("page  ", 1)[1].strip())
    html = page.read_text()
    assert page.parent == two / "pictures"
    assert all(each in html for each in ("digits-cnn-1", "digits-cnn-2", "accuracy 0.80 (0.75 to 0.85)"))
    told = json.loads(shown(two, ["digits-cnn-1", "digits-cnn-2"], as_json=True))
    assert [each["best"]["score"] for each in told["sweeps"]] == [0.7, 0.7]
    assert [each["test"]["accuracy"] for each in told["sweeps"]] == [0.9, 0.8]
    assert told["notes"] == []


def test_what_keeps_scores_from_being_compared_is_told(two: Path) -> None:
    make_sweep(two, "digits-cnn-3", data="other")
    make_sweep(two, "digits-cnn-4", limit=300, objective="val_loss:min")
    make_sweep(two, "digits-cnn-5", None)
    notes = side_by_side(["digits-cnn-1", "digits-cnn-3"], two).notes
    assert notes == (
        "their data differ, or how they are divided: neither validation nor test scores can be compared: "
        "digits-cnn-1 | digits-cnn-3",
    )
    notes = side_by_side(["digits-cnn-1", "digits-cnn-4", "digits-cnn-5"], two).notes
    assert [note.partition(":")[0] for note in notes] == [
        "they used different numbers of samples (--limit)",
        "they had different objectives",
        "not finished, so without a test",
    ]
