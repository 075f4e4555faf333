"""What `tuner show` prints of wide tables."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from tuner.cli.model_tables import print_description
from tuner.sweeps.show import SPLITS


def printed(**changes: Any) -> str:
    data = {
        "name": "csv_wide_kind",
        "summary": "Your own table",
        "task": "tabular",
        "shape": (6000,),
        "classes": ("a", "b"),
        "augment": (),
        "columns": [f"g{number}" for number in range(6000)],
        "vocabulary": 0,
        "samples": dict.fromkeys(SPLITS, 2),
        "class_counts": {split: [1, 1] for split in SPLITS},
        "distribution": {},
        "notes": (),
        "picture": "picture.png",
    }
    out = Console(file=io.StringIO(), width=200)
    models = [
        {"model": "mlp", "taken": True, "text": "20,738 weights, less than 1 s an epoch here"},
        {"model": "lstm", "taken": False, "text": "a training for 40 epochs would take about 13 h here"},
    ]
    print_description({"dataset": data | changes, "models": models}, out)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_thousands_of_names_are_cut() -> None:
    assert "  columns: g0, g1, g2, g3, g4, g5, g6, g7, g8, g9 and 5,990 more\n" in printed()
    assert "  columns: a, b\n" in printed(columns=["a", "b"])


def test_thousands_of_notes_are_cut() -> None:
    text = printed(notes=[f"note {number}" for number in range(2000)])
    assert "  note 39\n  ... and 1,960 more notes: --json has them all\n" in text
    assert "note 40" not in text


def test_notes_cannot_command_a_terminal() -> None:
    assert "\x1b" not in printed(notes=["column 'a\x1b[2J'"])


def test_models_that_suit_the_data_are_told_apart_from_others() -> None:
    taken, _, others = printed().partition("models that suit it")[2].partition("\nothers\n")
    assert "  mlp                 20,738 weights, less than 1 s an epoch here" in taken
    assert "lstm" not in taken
    assert "  lstm                a training for 40 epochs would take about 13 h here" in others
