"""What a sweep comes to, and the file that says that it is finished."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.config import SweepConfig
from tuner.files import write_atomic
from tuner.records import TrialRecord

if TYPE_CHECKING:
    from tuner.cost import Cost

FILE = "result.json"


class SweepError(RuntimeError):
    """A sweep that could not come to a model: one line, with what is kept and how to go on."""


@dataclass(frozen=True, kw_only=True)
class TestScores:
    """Scores on the test split."""

    accuracy: float
    """Share of samples classified correctly, 0 to 1."""
    macro_f1: float
    """Mean over the classes of the harmonic mean of precision and recall, 0 to 1."""
    roc_auc: float
    """Area under the ROC curve, 0 to 1: of the second class for two classes, else the mean of one class against
    the rest over all classes."""
    loss: float
    """Mean cross-entropy in nats."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Where the model is, and whether it is its pair's best."""

    uri: str
    champion: bool
    note: str
    """How it compares with the champion before it."""


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The best trial of a sweep, and its model."""

    trial: TrialRecord
    scores: TestScores
    cost: Cost
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
    report: Path | None = None
    """The page with the figures, when it could be made."""

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
            result["cost"] = asdict(self.winner.cost)
            result["model"] = asdict(self.winner.model)
        return result


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
