"""The page's section on a confirmation, and what it says of several models."""

from __future__ import annotations

from support.common import make_record

from tuner.core.confirmation import Confirmation, Spread
from tuner.report.findings import Confirmed
from tuner.report.model_series import ModelSeries
from tuner.report.page_confirm import confirmation_block
from tuner.report.page_models import models_block


def test_folds_are_called_folds_and_seeds_seeds() -> None:
    spread = Spread(values=(0.5, 0.75), mean=0.625)
    for folds, names in ((True, ("fold 1", "fold 2")), (False, ("seed 8", "seed 9"))):
        found = Confirmation(trial=0, asked=2, seeds=(8, 9), score=spread, reshuffle=False, folds=folds, finished=1.0)
        block = confirmation_block(Confirmed(confirmation=found, spread=spread, own=0.5))
        assert all(name in str(block.html) for name in names)


def test_a_default_that_may_be_pruned_is_not_said_to_be_trained_in_full() -> None:
    best = make_record(0, "COMPLETE", {1: {"val_accuracy": 0.5, "val_loss": 0.5, "time": 1.0}})
    series = [ModelSeries(name="cnn", trials=[best], epochs=1, seconds=1.0, best=best)]
    assert "default of each model was trained in full" in models_block(series, 9, True).caption
    assert models_block(series, 9, False).caption.startswith("All trials were compared at the same rungs")
