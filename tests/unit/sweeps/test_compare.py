"""`tuner compare`: which sweeps stand for their pairs, how they are shown, and that real ones are found."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Annotation
from mlflow import MlflowClient
from rich.console import Console
from support.common import make_config

from tuner.cli.model_tables import print_comparison
from tuner.core.errors import TunerError
from tuner.core.outcome import FinishedSweep
from tuner.report.figures import save
from tuner.report.figures_compare import draw_comparison
from tuner.sweeps.compare import Comparison, Row, best_sweeps, compare
from tuner.tracking.runs import tags_of
from tuner.tracking.store import Store

MODELS = ("resnet", "cnn", "alexnet", "zfnet", "lenet", "vgg16", "mobilenet_v2")


def make(dataset: str, model: str, accuracy: float, **changes: Any) -> FinishedSweep:
    values: dict[str, Any] = {
        "pair": f"{dataset}-{model}",
        "name": f"{dataset}-{model}-1",
        "uid": f"{dataset}-{model}-1",
        "dataset": dataset,
        "model": model,
        "started": 0.0,
        "test_data": "same",
        "accuracy": accuracy,
        "macro_f1": accuracy,
        "roc_auc": 0.99,
        "parameters": 270_000,
        "flops": 82_000_000,
        "bytes": 1_100_000,
        "train_seconds": 7_300.0,
        "machine": "2 CPU cores",
    }
    return FinishedSweep(**{**values, **changes})


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


@pytest.fixture
def store(home: Path, database: Path) -> Store:
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    return Store.of(home)


def add_sweep(store: Store, name: str, accuracy: float | None, *, trials: int, **changes: Any) -> None:
    """A sweep's run and those of its trials, as `tracking` and `registry` write them."""
    client, config = MlflowClient(store.uri, store.uri), make_config(name=name, **changes)
    found = client.get_experiment_by_name(config.pair)
    experiment = found.experiment_id if found else client.create_experiment(config.pair, store.artifacts)
    own = {"tuner.uid": config.uid, "tuner.sweep": name}
    test_data = {"tuner.test_data": "new" if name != "old" else "old"}
    parent = client.create_run(experiment, run_name=name, tags={**own, **tags_of(config), **test_data})
    if accuracy is not None:
        for metric in ("accuracy", "macro_f1", "roc_auc", "loss"):
            client.log_metric(parent.info.run_id, f"test_{metric}", accuracy)
    for number in range(trials):
        client.create_run(experiment, tags={**own, "tuner.trial": str(number)})
    client.set_terminated(parent.info.run_id, "KILLED" if name == "killed" else "FINISHED")


def test_finished_sweeps_are_found_in_all_experiments_and_others_are_not(store: Store, home: Path) -> None:
    add_sweep(store, "old", 0.99, trials=1)
    add_sweep(store, "good", 0.8, trials=3)
    add_sweep(store, "killed", 0.95, trials=1)
    add_sweep(store, "untested", None, trials=1)
    add_sweep(store, "other", 0.7, trials=2, model="lenet")
    add_sweep(store, "own", 0.6, trials=1, dataset="folder:/somewhere/my photos")
    client = MlflowClient(store.uri)
    foreign = client.create_run(client.create_experiment("not ours"))
    client.log_metric(foreign.info.run_id, "test_accuracy", 1.0)
    client.set_terminated(foreign.info.run_id)

    everything = compare(store, home, None)
    rows = [(row.sweep.data, row.sweep.model, row.sweep.name, row.trials) for row in everything.rows]
    assert rows == [
        ("digits", "cnn", "good", 3),
        ("digits", "lenet", "other", 2),
        ("folder_my_photos", "cnn", "own", 1),
    ]
    [note] = everything.notes
    assert note.endswith("their test set of digits is not that of the newest sweep: old")
    assert everything.rows[0].to_json()["flops"] is None
    assert [row.sweep.name for row in compare(store, home, "digits").rows] == ["good", "other"]
    assert [row.sweep.name for row in compare(store, home, "folder_my_photos").rows] == ["own"]
    with pytest.raises(
        TunerError, match=r"^there is no finished sweep of mnist in .*: start .*tuner sweep mnist MODEL$"
    ):
        compare(store, home, "mnist")
    with pytest.raises(TunerError, match=r"^unknown dataset 'digit': did you mean digits\?$"):
        compare(store, home, "digit")


def test_with_no_sweeps_at_all_the_message_says_what_to_run_and_nothing_is_made(home: Path) -> None:
    with pytest.raises(
        TunerError, match=r"^there are no sweeps in .*/runs: start one with tuner sweep, or set TUNER_HOME$"
    ):
        compare(Store.of(home), home, None)
    assert not home.exists()


def names_of(sweeps: list[FinishedSweep]) -> list[list[Annotation]]:
    """What is written beside the points, by panel."""
    figure = draw_comparison(sweeps)
    return [[text for text in axes.texts if text.get_text()] for axes in figure.axes]  # type: ignore[misc]


def test_the_picture_names_each_model_where_it_can_be_read(tmp_path: Path) -> None:
    """Seven models that are hardly apart, and one of an older version, whose operations are not known."""
    crowd = [make("a", m, 0.9 + 0.0005 * i, flops=int(8e7 * 1.03**i)) for i, m in enumerate(MODELS)]
    [names] = names_of([*crowd, make("a", "lstm", 0.9, flops=None)])
    assert len(names) == len(MODELS) + 1
    assert "lstm (FLOPs not known)" in [name.get_text() for name in names]
    boxes = [name.get_window_extent() for name in names]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    save(draw_comparison(crowd), tmp_path / "crowd.png")
    assert (tmp_path / "crowd.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_has_a_panel_for_each_dataset() -> None:
    sweeps = [make(data, model, 1.0) for data in ("a", "b$", "c", "d") for model in MODELS[:2]]
    panels = [names for names in names_of(sweeps) if names]
    assert [len(names) for names in panels] == [2, 2, 2, 2]
