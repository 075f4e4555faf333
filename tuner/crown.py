"""The last step of a sweep: the best trial's model is tested once on the test split, saved and registered."""

from __future__ import annotations

from pathlib import Path

import torch

from tuner.checkpoint import FILE as CHECKPOINT
from tuner.checkpoint import checkpoint_folder, read
from tuner.config import SweepConfig
from tuner.data import Split, Splits
from tuner.device import best_device
from tuner.evaluate import fingerprint, score
from tuner.hyperparameters import split_parameters
from tuner.outcome import SweepError, TestScores, Winner
from tuner.registry import Candidate, log_winner, register
from tuner.saved import load_model, save_model
from tuner.search import TrialRecord
from tuner.store import Store

EXAMPLES = 2  # validation samples that are kept with the registered model


def crown(config: SweepConfig, splits: Splits, best: TrialRecord, folder: Path, store: Store, run_id: str) -> Winner:
    """Tests the best trial's best weights once on the test split, and logs and registers them."""
    _, arguments = split_parameters(best.parameters)
    checkpoint = checkpoint_folder(folder / "trials", best.number) / CHECKPOINT
    try:
        weights = read(checkpoint, torch.device("cpu"))["best_weights"]
    except FileNotFoundError:
        raise SweepError(f"the best trial's checkpoint {checkpoint} is missing: its model cannot be tested") from None
    model = folder / "model"
    save_model(model, splits.spec, config.model, arguments, weights)
    scores = _test(model, splits.test)
    test_data = fingerprint(splits.test)
    log_winner(store.uri, run_id, best, scores, test_data)
    candidate = Candidate(
        name=config.pair,
        sweep=config.name,
        uid=config.uid,
        run_id=run_id,
        folder=model,
        data=splits.spec,
        example=splits.validation.inputs[:EXAMPLES].numpy(),
        accuracy=scores.accuracy,
        test_data=test_data,
    )
    registered = register(store.uri, candidate)
    return Winner(trial=best, scores=scores, model=registered)


def _test(model: Path, test: Split) -> TestScores:
    """Scores the model as it was saved, on the GPU where there is one."""
    device = best_device()
    loaded, _ = load_model(model)
    return score(loaded.to(device), Split(test.inputs.to(device), test.targets.to(device)))
