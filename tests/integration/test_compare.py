"""`tuner compare` of sweeps that have run, and its picture."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Annotation
from mlflow import MlflowClient
from support.common import Command, Finished, make_config
from support.finished_sweeps import make

from tuner.core.errors import TunerError
from tuner.core.finished_sweep import FinishedSweep
from tuner.report.figures import save
from tuner.report.figures_compare import draw_comparison
from tuner.sweeps.compare import compare
from tuner.tracking.run_tags import tags_of
from tuner.tracking.store import Store


@pytest.mark.proof
def test_a_real_sweep_is_compared_by_what_it_has_measured(tuner: Command, finished: Finished) -> None:
    done = tuner("compare", "digits", "--json", folder=finished.folder)
    assert (done.returncode, done.stderr) == (0, "")
    found, result = json.loads(done.stdout), finished.result
    [row] = found["pairs"]
    scores = ("accuracy", "macro_f1", "roc_auc")
    assert row == {
        "pair": "digits-cnn",
        "dataset": "digits",
        "model": "cnn",
        "sweep": "digits-cnn-1",
        "trials": 8,
        "val_accuracy": result["validation"]["accuracy"],
        "test_looks": 1,
        "against_best": None,
        **{name: result["test"][name] for name in scores},
        **{f"{name}_interval": result["test"][f"{name}_interval"] for name in scores},
        **{name: result["test"][name] for name in ("samples", "base_class", "base_accuracy")},
        **result["cost"],
        "machine": row["machine"],
    }
    assert found["notes"] == ["Chosen by validation accuracy; the test scores are of what was chosen."]
    assert Path(found["picture"]) == finished.home / "pictures" / "compare-digits.png"
    assert Path(found["picture"]).read_bytes().startswith(b"\x89PNG")


MODELS = ("resnet", "cnn", "alexnet", "zfnet", "lenet", "vgg16", "mobilenet_v2")


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
        client.log_metric(parent.info.run_id, "best_val_accuracy", accuracy)
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
    client = MlflowClient(store.uri, store.uri)
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
    pairwise, *notes = everything.notes
    assert pairwise.endswith("so that only their intervals tell them apart: good, other")
    assert notes == [
        "Chosen by validation accuracy; the test scores are of what was chosen.",
        "Not compared, since it was not scored on the validation split of the newest sweep of digits: old",
    ]
    first = everything.rows[0].to_json()
    assert (first["flops"], first["samples"], first["accuracy_interval"], first["against_best"]) == (None,) * 4
    assert [row.sweep.name for row in compare(store, home, "digits").rows] == ["good", "other"]
    assert [row.sweep.name for row in compare(store, home, "folder_my_photos").rows] == ["own"]
    with pytest.raises(
        TunerError, match=r"^there is no finished sweep of mnist in .*: start .*tuner sweep mnist MODEL$"
    ):
        compare(store, home, "mnist")
    with pytest.raises(TunerError, match=r"^unknown dataset 'digit': did you mean digits\?$"):
        compare(store, home, "digit")


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
