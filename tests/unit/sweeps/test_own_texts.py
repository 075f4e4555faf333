"""A user's own texts, grouped, from a table to a registered model."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.small_trainings import train, winner

import tuner
from tuner.core.config import SweepConfig
from tuner.core.data_options import DataOptions


def test_texts_are_learnt_kept_apart_by_group_and_predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNER_HOME", str(tmp_path / "home"))
    rng = np.random.default_rng(0)
    said = {"good": ["fine", "lovely", "bright"], "bad": ["dull", "weak", "sad"]}
    rows = []
    for number in range(300):
        name = ("good", "bad")[number % 2]
        filler = rng.choice(["the", "film", "was", "a", "story"], 5)
        rows.append((" ".join([*filler, *rng.choice(said[name], 2)]), name, f"film{number // 5}"))
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("review", "y", "film"), *rows])
    small = ("lr=0.02", "hidden_size=8", "embedding_size=8", "max_length=7", "batch_size=32")
    options = DataOptions(text="review", group="film")
    outcome, notes = train("text:t.csv", epochs=6, overrides=small, options=options)
    best = winner(outcome)
    assert best.validation is not None
    assert best.validation.better
    assert best.model is not None
    assert "/text_t_y-lstm" in best.model.uri
    assert any("split by group ('film')" in note for note in notes)
    kept = SweepConfig.load(outcome.folder)
    assert kept.reading == options
    assert kept.division is not None
    assert sum(part["groups"] for part in kept.division["parts"].values()) == 60
    assert [each.key for each in best.baselines or ()] == ["logistic_regression"]
    answers = tuner.load_model(outcome.folder).predict(pd.DataFrame({"film": ["x"], "review": ["a lovely fine film"]}))
    assert answers.tolist() == ["good"]
