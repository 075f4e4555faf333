"""From the training to the saved model: it has the weights of the epoch that the study names."""

from __future__ import annotations

from pathlib import Path

from support.common import make_config
from support.digits import some_digits
from support.in_process import run_trials
from support.made_up_search import Recorder, study_of

from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.final_test import evaluate_best
from tuner.training.epoch_scores import evaluate
from tuner.training.saved_model import load_model

EPOCHS, TRIALS = 9, 4


def test_the_saved_model_is_that_of_the_last_epoch_within_one_standard_error(tmp_path: Path) -> None:
    loaded = some_digits()
    splits = loaded.limit(120)
    space = {"optimizer": "sgd", "lr": {"low": 0.1, "high": 0.3}, "width": 0.25, "dropout": 0.0, "batch_size": 16}
    config = make_config(trials=TRIALS, epochs=EPOCHS, concurrency=1, space={"epochs": EPOCHS, "params": space})
    study, folder = study_of(config, tmp_path), SweepFolder(tmp_path)
    run_trials(config, splits, study, tmp_path)
    samples = len(splits.validation.targets)
    for record in study.records():
        peak = max(record.values.values())
        error = (peak * (1 - peak) / samples) ** 0.5
        assert record.best_epoch == max(epoch for epoch, value in record.values.items() if value >= peak - error)
    best, recorder = study.best(), Recorder()
    assert best is not None
    winner = evaluate_best(config, splits, best, folder, None, recorder.on_note)
    assert recorder.notes == []
    loss = best.metrics[best.best_epoch]["val_loss"]
    assert (winner.epoch, winner.val_score, winner.val_loss) == (best.best_epoch, best.score, loss)
    model, _ = load_model(folder.model)
    assert evaluate(model, splits.validation)[1] == winner.val_score
