"""The end of a sweep: the winner is tested once, saved and registered, and the result written down."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from tuner.checkpoint import FILE as CHECKPOINT
from tuner.checkpoint import checkpoint_folder, read
from tuner.config import SweepConfig
from tuner.data import Split, Splits
from tuner.evaluate import TestScores, fingerprint, score
from tuner.files import write_atomic
from tuner.hyperparameters import split_parameters
from tuner.registry import Registered, log_test, register
from tuner.saved import load_model, save_model
from tuner.search import TrialRecord
from tuner.store import Store

FILE = "result.json"
EXAMPLES = 2


class SweepError(RuntimeError):
    """A sweep that could not come to a model: one line, with what is kept and how to go on."""


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The best trial of a sweep, and its model."""

    trial: TrialRecord
    scores: TestScores
    model: Registered


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is printed at the end."""

    config: SweepConfig
    folder: Path
    records: tuple[TrialRecord, ...]
    winner: Winner | None
    """None when the sweep was interrupted."""
    seconds: float
    """Wall-clock time of this run."""
    unsent: str = ""
    """Why part of the record has not reached MLflow; empty when all has."""

    @property
    def top(self) -> list[TrialRecord]:
        """The trials that reported anything and did not fail, best first."""
        ranked = [record for record in self.records if record.values and record.state != "FAIL"]
        return sorted(ranked, key=lambda record: record.best, reverse=True)

    def to_json(self) -> dict[str, Any]:
        """For scripts: names and numbers only."""
        result: dict[str, Any] = {
            "sweep": self.config.name,
            "folder": str(self.folder),
            "finished": self.winner is not None,
            "trials": Counter(record.state for record in self.records),
            "epochs": sum(len(record.values) for record in self.records),
            "seconds": round(self.seconds, 3),
        }
        if self.winner:
            trial = self.winner.trial
            result["best"] = {
                "trial": trial.number,
                "epoch": trial.best_epoch,
                "val_accuracy": trial.best[0],
                "val_loss": -trial.best[1],
                "parameters": trial.parameters,
            }
            result["test"] = asdict(self.winner.scores)
            result["model"] = asdict(self.winner.model)
        return result


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
    winner = {"tuner.best_trial": str(best.number), "tuner.best_epoch": str(best.best_epoch)}
    log_test(store.uri, run_id, scores, fingerprint(splits.test), winner)
    registered = register(
        store.uri,
        name=config.pair,
        sweep=config.name,
        run_id=run_id,
        model=model,
        data=splits.spec,
        example=Split(splits.validation.inputs[:EXAMPLES], splits.validation.targets[:EXAMPLES]),
        scores=scores,
    )
    return Winner(trial=best, scores=scores, model=registered)


def write_result(outcome: Outcome) -> None:
    """Writes result.json: the sweep is finished."""
    text = json.dumps(outcome.to_json(), indent=2) + "\n"
    write_atomic(outcome.folder / FILE, lambda file: file.write(text.encode()))


def all_failed(records: list[TrialRecord], folder: Path) -> SweepError:
    """The error of a sweep in which no trial came to an end: the commonest reason speaks for all."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    if not reasons:
        return SweepError(f"no trial finished an epoch in the time budget; the sweep is kept in {folder}")
    [(reason, count)] = reasons.most_common(1)
    return SweepError(f"all {len(records)} trials failed, {count} of them with: {reason}; details in {folder}/trials")


def _test(model: Path, test: Split) -> TestScores:
    """Scores the model as it was saved, on the GPU where there is one."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loaded, _ = load_model(model)
    return score(loaded.to(device), Split(test.inputs.to(device), test.targets.to(device)))
