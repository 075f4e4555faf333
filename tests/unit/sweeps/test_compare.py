"""`tuner compare`: which sweeps stand for their pairs, how they are shown, and that real ones are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from support.finished_sweeps import make

from tuner.cli.model_tables import print_comparison
from tuner.core.errors import TunerError
from tuner.core.outcome import FinishedSweep
from tuner.sweeps.compare import Comparison, Row, best_sweeps, compare
from tuner.tracking.store import Store


def print_at(width: int, sweeps: list[FinishedSweep], *notes: str) -> str:
    out = Console(width=width, highlight=False, soft_wrap=True, record=True, quiet=False)
    rows = tuple(Row(sweep=sweep, trials=16) for sweep in sweeps)
    with out.capture() as capture:
        print_comparison(Comparison(rows=rows, notes=notes), Path("compare.png"), out)
    return capture.get()


def test_the_most_accurate_sweep_stands_for_its_pair_and_of_equals_the_first() -> None:
    sweeps = [
        make("b", "cnn", 0.7),
        make("a", "cnn", 0.8, name="later", started=2.0),
        make("a", "cnn", 0.8, name="first", started=1.0),
        make("a", "cnn", 0.7, name="worse", started=3.0),
        make("a", "lenet", 0.9),
    ]
    best, others = best_sweeps(sweeps)
    assert [(sweep.pair, sweep.name) for sweep in best] == [
        ("a-lenet", "a-lenet-1"),
        ("a-cnn", "first"),
        ("b-cnn", "b-cnn-1"),
    ]
    assert others == []


def test_only_models_that_were_tested_on_the_newest_test_set_of_a_dataset_are_compared() -> None:
    old = make("a", "cnn", 0.99, test_data="old", name="old", started=1.0)
    older_pair = make("a", "lenet", 0.98, test_data="old", name="only old", started=2.0)
    new = make("a", "cnn", 0.6, test_data="new", started=3.0)
    elsewhere = make("b", "cnn", 0.5, test_data="old")
    best, others = best_sweeps([new, old, elsewhere, older_pair])
    assert best == [new, elsewhere]
    assert others == [old, older_pair]


@pytest.mark.parametrize("width", [80, 100, 130])
def test_the_table_fits_the_console_and_shows_every_number(width: int) -> None:
    sweeps = [make("cats_vs_dogs", "mobilenet_v2", 0.95), make("imdb", "bilstm_attention", 0.885)]
    shown = print_at(width, sweeps)
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    for word in ("0.9500", "0.8850", "0.9900", "0.27 M", "82 M", "2 h 2 min", "1.1 MB", "mobilenet_v2"):
        assert word in shown
    joined = " ".join(shown.split())
    assert ("cats_vs_dogs-mobilenet_v2-1 (16 trials)" in joined) == (width < 130)
    assert ("16 imdb-bilstm_attention-1" in joined) == (width == 130)


def test_a_sweep_that_did_not_measure_its_cost_has_empty_cells() -> None:
    unknown = make("a", "cnn", 0.8, parameters=None, flops=None, bytes=None, train_seconds=None)
    [line] = [line for line in print_at(80, [unknown]).splitlines() if line.startswith("  cnn")]
    assert line.split() == ["cnn", "0.8000", "0.8000", "0.9900"]


def test_with_no_sweeps_at_all_the_message_says_what_to_run_and_nothing_is_made(home: Path) -> None:
    with pytest.raises(
        TunerError, match=r"^there are no sweeps in .*/runs: start one with tuner sweep, or set TUNER_HOME$"
    ):
        compare(Store.of(home), home, None)
    assert not home.exists()
