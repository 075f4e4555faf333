"""`tuner compare`: which sweeps stand for their pairs, how they are shown, and that real ones are found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.finished_sweeps import make

from tuner.cli.model_tables import print_comparison
from tuner.core.errors import TunerError
from tuner.core.finished_sweep import FinishedSweep
from tuner.sweeps.best_sweeps import Registered, best_sweeps
from tuner.sweeps.champion import ByHand
from tuner.sweeps.compare import Comparison, Row, _looks, _not_compared, compare
from tuner.tracking.store import Store


def print_at(width: int, sweeps: list[FinishedSweep], *notes: str) -> str:
    out = Console(width=width, highlight=False, soft_wrap=True, record=True, quiet=False)
    rows = tuple(Row(sweep=sweep, trials=16) for sweep in sweeps)
    with out.capture() as capture:
        print_comparison(Comparison(rows=rows, notes=notes), Path("compare.png"), out)
    return capture.get()


def names(sweeps: Iterable[FinishedSweep]) -> list[tuple[str, str]]:
    return [(sweep.pair, sweep.name) for sweep in sweeps]


def test_the_best_by_validation_stands_for_its_pair_and_of_equals_the_first() -> None:
    """Their test scores say the opposite, and choose nothing."""
    sweeps = [
        make("b", "cnn", 0.7),
        make("a", "cnn", 0.1, validated=0.8, name="later", started=2.0),
        make("a", "cnn", 0.2, validated=0.8, name="first", started=1.0),
        make("a", "cnn", 0.9, validated=0.7, name="worse", started=3.0),
        make("a", "lenet", 0.3, validated=0.9),
    ]
    choice = best_sweeps(sweeps)
    assert names(choice.best) == [("a-lenet", "a-lenet-1"), ("a-cnn", "first"), ("b-cnn", "b-cnn-1")]
    assert (choice.others, choice.base, choice.older) == ((), (), ())


def test_only_models_with_a_score_on_the_newest_validation_split_of_a_dataset_are_compared() -> None:
    old = make("a", "cnn", 0.99, data="old", name="old", started=1.0)
    older_pair = make("a", "lenet", 0.98, data="old", name="only old", started=2.0)
    new = make("a", "cnn", 0.6, data="new", started=3.0)
    elsewhere = make("b", "cnn", 0.5, data="old")
    choice = best_sweeps([new, old, elsewhere, older_pair])
    assert (choice.best, choice.others) == ((new, elsewhere), (old, older_pair))
    scored = make("a", "cnn", 0.7, data="new").validation
    assert scored
    again = best_sweeps([new, old], {old.uid: Registered(scores={"new": scored}, order=1, champion=True)})
    assert (again.best, again.others, again.older) == ((old,), (), ())  # the registration has scored it there
    tested = make("a", "cnn", 0.7, data="old", test_data="older", name="old", started=1.0)
    again = best_sweeps([new, tested], {tested.uid: Registered(scores={"new": scored}, order=1, champion=True)})
    assert again.older == (tested,)


def test_a_champion_set_by_hand_stands_for_its_pair() -> None:
    best, chosen = make("a", "cnn", 0.9, name="best"), make("a", "cnn", 0.7, name="chosen", started=1.0)
    known = {
        best.uid: Registered(order=1),
        chosen.uid: Registered(order=2, champion=True, by_hand=ByHand(before=2, keep=False)),
    }
    assert best_sweeps([best, chosen], known).best == (chosen,)


def test_a_sweep_whose_version_is_gone_comes_after_those_before_it_and_is_passed_over_with_them() -> None:
    gone = [make("a", "cnn", 0.9, name=f"gone {n}", started=float(n)) for n in range(5)]
    chosen = make("a", "cnn", 0.7, name="chosen", started=5.0)
    known = {chosen.uid: Registered(order=1, champion=True, by_hand=ByHand(before=1, keep=False))}
    assert best_sweeps([*gone, chosen], known).best == (chosen,)
    later = make("a", "cnn", 0.8, name="later", started=6.0)
    assert best_sweeps([*gone, chosen, later], known).best == (later,)


def test_the_score_that_is_shown_is_the_one_that_decided() -> None:
    old = make("a", "cnn", 0.99, data="old", name="old", started=1.0)
    new = make("a", "cnn", 0.6, data="new", name="new", started=3.0)
    scored = make("a", "cnn", 0.7, data="new").validation
    assert scored
    known = {old.uid: Registered(scores={"new": scored}, order=1, champion=True)}
    assert best_sweeps([new, old], known).scores == {old.uid: scored}
    assert Row(sweep=old, trials=1, val_score=scored.score).to_json()["val_accuracy"] == 0.7
    unscored = {old.uid: Registered(order=1, champion=True, by_hand=ByHand(before=1, keep=True))}
    choice = best_sweeps([new, old], unscored)
    assert (choice.best, choice.scores) == ((old,), {})


def test_all_models_that_a_sweep_has_tested_are_looks_at_the_test_set() -> None:
    sweeps = [make("a", "cnn", 0.9, tested=3), make("a", "cnn", 0.8, name="b"), make("a", "lenet", 0.8, tested=2)]
    assert [_looks(sweep, sweeps) for sweep in sweeps] == [5, 5, 3]


def test_sweeps_of_earlier_versions_are_chosen_by_the_accuracy_that_they_noted() -> None:
    """Those with `--limit` were validated on other samples."""
    values: dict[str, Any] = {"validation": None, "uid": "x"}
    first = make("a", "cnn", 0.1, val_score=0.8, name="first", **values)
    second = make("a", "cnn", 0.9, val_score=0.7, name="second", started=1.0, **{**values, "uid": "y"})
    limited = make("a", "cnn", 0.9, val_score=0.99, limit=100, name="part", started=0.5, **{**values, "uid": "z"})
    choice = best_sweeps([first, second, limited])
    assert (choice.best, choice.others) == ((first,), (limited,))
    assert best_sweeps([limited]).best == (limited,)
    new = make("a", "cnn", 0.5, validated=0.75, name="new", started=3.0)
    assert best_sweeps([first, second, new]).best == (first,)


def test_what_was_trained_before_the_data_changed_is_named_as_that() -> None:
    older = [make("a", "cnn", 0.9, data="old", name=name, started=1.0) for name in ("one", "two")]
    unscored = make("b", "cnn", 0.9, name="early", validation=None, limit=10)
    choice = best_sweeps([*older, unscored, make("a", "cnn", 0.6, data="new", started=3.0), make("b", "cnn", 0.5)])
    assert list(_not_compared(choice)) == [
        "Not compared, since they were trained before the data of a or their division changed: one, two",
        "Not compared, since it was not scored on the validation split of the newest sweep of b: early",
    ]


def test_a_pair_that_has_learnt_nothing_is_shown_and_named() -> None:
    noise = make("a", "cnn", 0.5, better=False)
    assert best_sweeps([noise]).base == (noise,)


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
