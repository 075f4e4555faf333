"""The result of a sweep, and result.json, which says that it is finished."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tuner.core.against_default import AgainstDefault
from tuner.core.baselines import Baseline
from tuner.core.budgets import BudgetState
from tuner.core.config import SweepConfig
from tuner.core.confirmation import Confirmation
from tuner.core.cost import Cost
from tuner.core.finalists import Finalists
from tuner.core.models_compared import AgainstModel
from tuner.core.own_winner import OwnWinner
from tuner.core.pareto import front_of
from tuner.core.records import TrialRecord
from tuner.core.refit import Refit
from tuner.core.scores import Difference, Interval, NumberScores, TestScores
from tuner.core.threshold import Threshold
from tuner.core.validation import Validation

UNSENT = 3  # exit status of a command that has done its work, but could not send all of it to MLflow


@dataclass(frozen=True, kw_only=True)
class RegisteredModel:
    """Where the model is, and whether it is the champion (the best model) of its pair."""

    uri: str
    champion: bool
    note: str
    """How it compares with the previous champion."""


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The best trial of a sweep, and its model."""

    trial: TrialRecord
    epoch: int
    """The epoch whose weights the model has."""
    val_score: float
    """The score on validation samples with these weights, see `TargetKind`; `val_loss` is with them too."""
    val_loss: float
    scores: TestScores | NumberScores
    cost: Cost
    test_data: str
    """The test split's fingerprint."""
    validation: Validation | None = None
    """Of the saved model; None if the sweep's version of tuner did not measure it."""
    test_looks: int = 1
    """How many models of the pair have been tested on this test split up to now, this one included."""
    tested_before: int = 0
    """How many models of this sweep were tested before: of winners from before it grew, and of their confirmations."""
    val_samples: int | None = None
    """Of the validation split. None, as the next one, if the sweep's version of tuner did not measure it."""
    val_excess: Difference | None = None
    """By how much `val_score` is above the one of the test split: how much too much it promised. See `score_error`."""
    val_luck: float | None = None
    """How much of `val_score` is expected to be luck: see `search.optimism`; None where that is not known."""
    val_likely: Interval | None = None
    """Where the accuracy on other data lies, 95 % sure, by the validation accuracy without the luck."""
    model: RegisteredModel | None = None
    """None while the model is only in the sweep's folder."""
    default: AgainstDefault | None = None
    """How the best trial compares with the default configuration; None when the sweep has none."""
    refit: Refit | None = None
    """How the model was trained on training and validation samples together; None when it is the trial's own."""
    finalists: Finalists | None = None
    """What other seeds said of the best trials of the search; None when that was not asked for."""
    confirm: Confirmation | None = None
    """What the same parameters gave with other seeds; None when that was not asked for."""
    threshold: Threshold | None = None
    """Of two classes, from which probability on the second one is said; None where that was not looked for."""
    models: tuple[AgainstModel, ...] = ()
    """How it compares with the best of each other model, in a sweep of several."""
    baselines: tuple[Baseline, ...] | None = None
    """What simple models reach on the same test samples; None where that is not known."""

    @property
    def deciding(self) -> dict[str, float]:
        """What the sweep's objectives and constraints came to, by the names of the metrics."""
        outcome = self.trial.outcome(self.epoch if self.epoch in self.trial.metrics else self.trial.best_epoch)
        return {metric.name: outcome[metric.name] for metric in self.trial.goal.metrics if metric.name in outcome}

    @property
    def tested(self) -> int:
        """How many models of the sweep have been tested on the test split, this one included."""
        return 1 + self.tested_before + (self.confirm.looks if self.confirm else 0)

    @property
    def learnt(self) -> bool:
        """Whether the model is better than always saying one class, or the mean, as far as that was measured."""
        return self.validation is None or self.validation.better


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is printed at the end."""

    config: SweepConfig
    folder: Path
    records: tuple[TrialRecord, ...]
    winner: Winner | None
    """None when the sweep was interrupted, and for a user's own code."""
    seconds: float
    """Wall-clock time of the run that searched, without its confirmation."""
    confirm_seconds: float | None = None
    """Wall-clock time of the trainings with other seeds, in the run that ended them; None without any."""
    unsent: str = ""
    """Why part of the data, or the model, has not reached MLflow; empty when everything has."""
    ended_by: str = ""
    """What ended the search: the name of a budget, or a word of `core.budgets`. Empty for earlier versions."""
    budgets: tuple[BudgetState, ...] = ()
    """What remains of each budget."""
    report: Path | None = None
    """The page with the figures, if it could be made."""
    drawing: bool = False
    """Whether another process still draws it."""
    stopped_by: int = 0
    """The signal that interrupted the sweep; 0 when none did."""
    own: OwnWinner | None = None
    """The best trial of a user's own code; None when the sweep was interrupted, and for a model on a dataset."""

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return self.winner is not None or self.own is not None

    @property
    def top(self) -> list[TrialRecord]:
        """The trials that finished an epoch and did not fail, best first."""
        return sorted((record for record in self.records if record.ranked), key=lambda each: each.best, reverse=True)

    @property
    def front(self) -> list[TrialRecord]:
        """The Pareto front, the best by the first objective first; empty for one objective."""
        return front_of(self.records) if self.config.goal.several else []

    def to_json(self) -> dict[str, Any]:
        """For scripts: names and numbers only."""
        result: dict[str, Any] = {
            "sweep": self.config.name,
            "folder": str(self.folder),
            "finished": self.finished,
            "trials": Counter(record.word for record in self.records),
            "epochs": sum(len(record.values) for record in self.records),
            "seconds": round(self.seconds, 3),
            "confirm_seconds": None if self.confirm_seconds is None else round(self.confirm_seconds, 3),
            "unsent": self.unsent,
            "ended_by": self.ended_by,
            "budgets": {each.name: each.to_json() for each in self.budgets},
        }
        if self.config.goal.several:
            result["front"] = [record.number for record in self.front]
        if self.own:
            goal = {"objective": self.config.objective, "constraint": self.config.constraint}
            result |= {"best": {**self.own.to_json(), **goal}, "own_sent": self.own.sent}
        if self.winner:
            trial = self.winner.trial
            result["best"] = {
                "trial": trial.number,
                "epoch": self.winner.epoch,
                self.winner.scores.kind.val_score: self.winner.val_score,
                "val_loss": self.winner.val_loss,
                "val_samples": self.winner.val_samples,
                "val_luck": self.winner.val_luck,
                "val_likely": self.winner.val_likely,
                "val_excess": self.winner.val_excess.to_json() if self.winner.val_excess else None,
                "parameters": trial.parameters,
                "objective": self.config.objective,
                "constraint": self.config.constraint,
                "scores": self.winner.deciding,
            }
            result["test"] = self.winner.scores.to_json()
            result["test_data"] = self.winner.test_data
            result["test_looks"] = self.winner.test_looks
            result["tested_before"] = self.winner.tested_before
            result["validation"] = asdict(self.winner.validation) if self.winner.validation else None
            result["cost"] = asdict(self.winner.cost)
            result["refit"] = asdict(self.winner.refit) if self.winner.refit else None
            result["threshold"] = asdict(self.winner.threshold) if self.winner.threshold else None
            result["default"] = self.winner.default.to_json() if self.winner.default else None
            result["models"] = [each.to_json() for each in self.winner.models]
            result["finalists"] = self.winner.finalists.to_json() if self.winner.finalists else None
            result["confirm"] = self.winner.confirm.to_json() if self.winner.confirm else None
            result["baselines"] = _list(self.winner.baselines)
            result["model"] = asdict(self.winner.model) if self.winner.model else None
        return result


def _list(baselines: tuple[Baseline, ...] | None) -> list[dict[str, Any]] | None:
    return None if baselines is None else [each.to_json() for each in baselines]
