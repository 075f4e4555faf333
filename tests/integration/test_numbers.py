"""A number to predict, from the file of a table to the registered model: scikit-learn's diabetes, trained here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from sklearn.datasets import load_diabetes
from support.common import Typed

from tuner.core.scores import NumberScores
from tuner.core.sweep_folder import SweepFolder
from tuner.python.model import load_model
from tuner.sweeps.best_trial import find_best
from tuner.tracking.store import Store

PAIR = "csv_diabetes_target-mlp"


@pytest.fixture
def trained(typed: Typed, home: Path, tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is printed when a model is trained on the table in the folder where one is."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(database, home / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    load_diabetes(as_frame=True, scaled=False).frame.to_csv("diabetes.csv", index=False)
    words = ("csv:diabetes.csv", "mlp", "--target", "target", "--epochs", "8", "--set", "blocks=residual")
    code, out, err = typed("train", *words)
    assert code == 0, err
    assert "so a number is predicted (regression); --task classification takes them for classes" in err
    return out


def test_a_table_with_a_number_is_trained_tested_registered_and_predicted(
    trained: str, typed: Typed, home: Path, tmp_path: Path
) -> None:
    assert "  R2  " in trained
    assert "always saying 152.25, the mean, gives 77" in trained
    assert "baseline  ridge regression: R2 " in trained
    folder = SweepFolder(home / f"{PAIR}-1")
    result = json.loads(folder.result.read_text())
    page = folder.report_page.read_text()
    assert {"predicted.png", "residuals.png"} <= {path.name for path in folder.report.iterdir()}
    assert "Predicted against true" in page
    for text in (trained, json.dumps(result), page.split("plotly", 1)[0]):
        assert "accuracy" not in text
    assert not (folder.report / "confusion.png").exists()

    winner = find_best(f"{PAIR}-1", home).winner
    assert winner
    scores = winner.scores
    assert isinstance(scores, NumberScores)
    assert scores.r2 > 0.2
    assert scores.rmse == pytest.approx(scores.mse**0.5)
    assert winner.learnt

    _check_mlflow(home, scores, result)
    _check_predictions(typed, home, tmp_path)


def _check_mlflow(home: Path, scores: NumberScores, result: dict[str, Any]) -> None:
    uri = Store.of(home).uri
    client = MlflowClient(uri, uri)
    [experiment] = [each for each in client.search_experiments() if each.name == PAIR]
    runs = client.search_runs([experiment.experiment_id])
    own = next(run for run in runs if "test_r2" in run.data.metrics)
    assert own.data.metrics["test_rmse"] == pytest.approx(scores.rmse)
    assert own.data.metrics["best_val_r2"] == result["best"]["val_r2"]
    trial = next(run for run in runs if "val_mse" in run.data.metrics)
    assert trial.data.metrics["val_rmse"] == pytest.approx(trial.data.metrics["val_mse"] ** 0.5)
    assert {"val_r2", "val_mae", "val_loss", "train_r2"} <= set(trial.data.metrics)
    assert not [name for run in runs for name in run.data.metrics if "accuracy" in name]
    assert client.get_model_version_by_alias(PAIR, "champion").tags["tuner.val_r2"]


def _check_predictions(typed: Typed, home: Path, folder: Path) -> None:
    """The command, the Python model and the one that MLflow loads say the same."""
    frame = load_diabetes(as_frame=True, scaled=False).frame.head(30)
    frame.to_csv(folder / "new.csv", index=False)
    code, out, err = typed("predict", PAIR, "new.csv", "--json")
    assert code == 0, err
    assert "over 30 rows whose number is known" in err
    said = json.loads(out)
    assert said[0]["true_number"] == frame["target"].iloc[0]
    numbers = np.array([each["number"] for each in said])
    assert 25 < numbers.mean() < 350  # in the target's own unit
    rows = frame.drop(columns="target")
    model = load_model(PAIR)
    assert np.allclose(model.predict(rows), numbers)
    uri = Store.of(home).uri
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    served = mlflow.pyfunc.load_model(f"models:/{PAIR}@champion").predict(rows)
    assert list(served.columns) == ["target"]
    assert np.allclose(served["target"], numbers)
    code, out, _ = typed("predict", PAIR, "new.csv")
    assert out.splitlines()[0].split() == ["sample", "target", "true", "target"]
    pd.DataFrame({"age": [1]}).to_csv(folder / "short.csv", index=False)
    code, _, err = typed("predict", PAIR, "short.csv")
    assert code != 0
    assert "there are no columns 'sex'" in err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ["--objective", "val_accuracy"],
            "--objective val_accuracy: that is for classification, and this is regression",
        ),
        (["--set", "label_smoothing=0.1"], "label_smoothing is for classes, and 'target' is a number"),
        (["--set", "class_weight=balanced"], "class_weight is for classes, and 'target' is a number"),
        (["--task", "ranking"], "unknown --task 'ranking': choose one of classification, regression"),
        (["--constraint", "val_macro_f1>=0.5"], "--constraint val_macro_f1: that is for classification"),
    ],
)
def test_what_is_for_classes_alone_is_refused_in_one_line(
    typed: Typed, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    load_diabetes(as_frame=True, scaled=False).frame.to_csv("diabetes.csv", index=False)
    code, _, err = typed("sweep", "csv:diabetes.csv", "mlp", "--target", "target", *words)
    assert code == 2
    assert reason in err
    assert not (home / f"{PAIR}-1").exists()
