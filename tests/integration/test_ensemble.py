"""`--ensemble` and `tuner ensemble`: trainings of a small table, mixed, tested and registered beside the winner."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from support.common import Typed
from support.json_check import check_json
from support.serving import CSV, running
from support.small_trainings import PAIR, champion, client, train, version, winner, write_table

from tuner import load_model
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.errors import TunerError
from tuner.core.outcome import Outcome
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.sweeps.ensemble import check_suits, make_ensemble, read_report
from tuner.sweeps.looks import ensemble_looks, looks_here
from tuner.training.classifier import predict_logits
from tuner.training.ensemble_model import Ensemble
from tuner.training.open_model import open_model

ENSEMBLE = f"{PAIR}-ensemble"


@pytest.fixture
def ended(home: Path, tmp_path: Path, database: Path) -> tuple[Outcome, list[str]]:
    """A trial of a small network, which three other seeds confirm, and an ensemble of them."""
    home.mkdir()
    (home / "mlflow.db").write_bytes(database.read_bytes())
    write_table(tmp_path, 60, 300)
    return train(
        epochs=3,
        overrides=("lr=0.02", "optimizer=adam", "hidden_size=2"),
        confirm=ConfirmRequest(seeds=3),
        ensemble=3,
    )


@pytest.mark.proof
def test_an_ensemble_is_made_at_the_end_and_by_the_command(
    ended: tuple[Outcome, list[str]], home: Path, typed: Typed
) -> None:
    outcome, notes = ended
    folder, name = SweepFolder(outcome.folder), outcome.config.name
    assert winner(outcome).model
    found = read_report(folder)
    assert found.winner == 0
    assert [key.split("-")[0] for key in found.candidates] == ["0", "confirm", "confirm", "confirm"]
    [line] = [note for note in notes if "ensemble" in note]
    if found.ensemble.gain is None:
        assert "no mixture has a lower validation loss" in line
    else:
        assert f"on {found.ensemble.samples} validation samples it is" in line
    assert (found.ensemble.test is not None) == found.ensemble.wins == bool(found.looks)
    assert len(list(folder.confirmation.trials.glob("*"))) == 3, "what could be a member is kept"
    code, out, err = typed("ensemble", name, "--size", "2", "--anyway")
    assert code == 0, err
    assert f"{name}: 4 models to pick from, the winner is trial 0" in out
    again = read_report(folder)
    assert again.size == 2
    assert again.looks == found.looks + (again.ensemble.test is not None)
    assert len(again.ensemble.members) <= 2


@pytest.fixture
def mixed(home: Path, tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A finished training that has kept the weights of all its seeds, and the name of its sweep."""
    home.mkdir()
    (home / "mlflow.db").write_bytes(database.read_bytes())
    write_table(tmp_path, 60, 300)
    from tuner.sweeps import ensemble

    real = ensemble.build_ensemble

    def anyway(*arguments: object, **values: object) -> object:
        return real(*arguments, **{**values, "anyway": True})  # type: ignore[arg-type]

    monkeypatch.setattr(ensemble, "build_ensemble", anyway)
    outcome, _ = train(
        epochs=3,
        overrides=("lr=0.02", "optimizer=adam", "hidden_size=2"),
        confirm=ConfirmRequest(seeds=3),
        ensemble=3,
    )
    assert outcome.unsent == ""
    return outcome.config.name


def test_a_registered_ensemble_answers_under_its_own_name(
    mixed: str, home: Path, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = SweepFolder(home / mixed)
    report = read_report(folder)
    check_json("ensemble NAME", json.dumps(report.to_json()))
    assert report.ensemble.model
    assert report.ensemble.model.uri == f"models:/{ENSEMBLE}@champion"
    assert report.ensemble.test
    assert report.ensemble.test.samples == 72
    assert (report.looks, ensemble_looks(folder)) == (1, 1)
    result = read_result(folder.path)
    uid = known_sweep(mixed, home).uid
    assert looks_here(PAIR, result["test_data"], home) == {uid: 2}, "the winner, and the ensemble"
    assert champion(home) == 1
    assert result["model"]["uri"] == f"models:/{PAIR}@champion", "the pair's champion is the single winner"
    tags = version(home, 1, ENSEMBLE).tags
    assert tags["tuner.test_accuracy"] == repr(report.ensemble.test.main)
    run = client(home).get_run(version(home, 1, ENSEMBLE).run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["ensemble_test_accuracy"] == report.ensemble.test.main

    rows = pd.read_csv("t.csv").drop(columns="y").head(20)
    single, several = load_model(PAIR), load_model(ENSEMBLE)
    assert isinstance(several.network, Ensemble)
    members = list(several.network.members)
    assert len(members) == len(report.ensemble.members) > 1
    inputs = torch.tensor(rows.to_numpy(dtype=np.float64, copy=True))
    shares = torch.tensor([each.share for each in report.ensemble.members])
    each = torch.stack([torch.softmax(predict_logits(member, inputs), 1) for member in members])
    expected = (shares[:, None, None] * each).sum(0)
    assert several.predict_proba(rows).to_numpy() == pytest.approx(expected.numpy(), abs=1e-5)
    assert not np.allclose(single.predict_proba(rows), several.predict_proba(rows))

    code, out, err = typed("predict", ENSEMBLE, "t.csv", "--json")
    assert code == 0, err
    assert len(json.loads(out)) == 360
    exports_like_any_model(typed, tmp_path)
    is_served_like_any_model(home, [row["probabilities"] for row in json.loads(out)])
    code, out, err = typed("promote", mixed)
    assert code == 0, err
    assert f"champion of {PAIR}: version 1" in out, "the name of a sweep means its single winner"
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow itself sets it in this process
    code, out, err = typed("rm", mixed, "--yes")
    assert code == 0, err
    assert not client(home).search_registered_models(), "nothing of it is left"


def is_served_like_any_model(home: Path, expected: list[dict[str, float]]) -> None:
    """`expected` is for the rows of t.csv."""
    with running(ENSEMBLE, home) as server:
        answer = server.ask("/predict", Path("t.csv").read_bytes(), CSV).json
        assert (answer["model"], answer["version"]) == (ENSEMBLE, "1")
        assert [row["probabilities"] for row in answer["predictions"]] == [pytest.approx(row) for row in expected]
        card = server.ask("/card").json
        assert card["network"] in ("ensemble of 2 lstm", "ensemble of 3 lstm")
        assert [score["of"] for score in card["scores"]] == ["test", "validation"], "its own, not the winner's"
        assert len(server.ask("/examples").json) == 16, "of the test split of its sweep"


def exports_like_any_model(typed: Typed, tmp_path: Path) -> None:
    code, out, err = typed("export", ENSEMBLE, "--to", "torch", "--json")
    assert code == 0, err
    report = check_json("export MODEL", out)
    assert report["file"] == f"{ENSEMBLE}.pt2"
    assert report["unchecked"] == ""
    assert (report["check"]["split"], report["check"]["samples"], report["check"]["changed"]) == ("test", 72, 0)
    assert report["check"]["largest"] < 1e-5
    assert report["check"]["before"] == report["check"]["after"]
    code, out, err = typed("predict", f"{ENSEMBLE}.pt2", "t.csv", "--json")
    assert code == 0, err
    of_file = json.loads(out)
    of_model = json.loads(typed("predict", ENSEMBLE, "t.csv", "--json")[1])
    for one, other in zip(of_file, of_model, strict=True):
        assert one["class"] == other["class"]
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)
    code, _, err = typed("export", f"{ENSEMBLE}.pt2")
    assert (code, "is an exported file: name the model that it was made of" in err) == (2, True)
    code, _, err = typed("predict", "no.onnx", "t.csv")
    assert (code, "there is no file no.onnx: tuner export MODEL writes one" in err) == (2, True)
    model, _ = open_model(tmp_path / f"{ENSEMBLE}.pt2")
    assert sum(parameter.numel() for parameter in model.parameters()) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "tflite"], "unknown --to 'tflite': choose one of onnx, torch"),
        (["--to", "torch", "--int8"], "--int8 is for --to onnx, not for --to torch"),
        (["--out", "model.pt2"], "--out model.pt2: the name of a file for --to onnx ends with .onnx"),
    ],
)
def test_options_of_export_that_do_not_go_together(typed: Typed, words: list[str], said: str) -> None:
    code, _, err = typed("export", "anything", *words)
    assert (code, said in err, err.count("\n")) == (2, True, 1)


def test_what_can_have_no_ensemble_is_refused_in_one_line(trained: Path, typed: Typed) -> None:
    from support.common import make_config

    with pytest.raises(TunerError, match="demo is bound by parameters<=300000"):
        check_suits(make_config(constraint="parameters<=300000"))
    check_suits(make_config(constraint="val_loss<=1"))
    with pytest.raises(TunerError, match="has kept the weights of 1 model"):
        make_ensemble(f"{PAIR}-1", trained, 5, anyway=False, tell=print)
    code, _, err = typed("sweep", "digits", "cnn", "--ensemble", "1")
    assert (code, "--ensemble must be at least 2 and at most 50, got 1" in err) == (2, True)
