"""Reads from a sweep's folder everything that its report shows. It writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tuner.core.budgets import BudgetState
from tuner.core.config import SweepConfig
from tuner.core.confirmation import Confirmation, Spread
from tuner.core.finalists import Finalists
from tuner.core.no_winner import no_best
from tuner.core.records import TrialRecord, best_of
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import PREDICTIONS_FILE, SweepFolder
from tuner.core.threshold import Threshold
from tuner.data.spec import DataSpec
from tuner.report.not_shown import NotShown
from tuner.search.gain import Step, gain_steps
from tuner.search.importance import Importance, NotEnoughTrialsError, importance
from tuner.search.optuna_importance import OptunaImportance, optuna_importance
from tuner.search.refit import compared, fitting
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import Scheduler
from tuner.search.space_file import space_of
from tuner.search.study_reader import read_records
from tuner.training.answers import AnyPredictions, load_predictions
from tuner.training.classifier import Classifier
from tuner.training.evaluation import Predictions
from tuner.training.saved_model import load_model


@dataclass(frozen=True, kw_only=True)
class WinningModel:
    """The winner's model, and what it predicted."""

    spec: DataSpec
    predictions: AnyPredictions
    attention: Tensor | None
    """(samples shown, steps) weights that sum to 1 over the words read; None for a model that gives none."""

    @property
    def of_classes(self) -> Predictions:
        """The predictions. Raises NotShown for a model that says numbers."""
        if not isinstance(self.predictions, Predictions):
            raise NotShown("the model says numbers")
        return self.predictions


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """What the winner's parameters gave with other seeds."""

    confirmation: Confirmation
    spread: Spread
    """Of the validation score."""
    own: float
    """The winner's own validation score."""
    finalists: Finalists | None = None
    """The trials that it was chosen of by such means."""
    threshold: Threshold | None = None
    """The winner's."""

    @property
    def tests(self) -> Iterable[tuple[str, Spread]]:
        """The names of test scores, and their values, where the models were tested."""
        return self.confirmation.test.items()


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A sweep, finished or not."""

    config: SweepConfig
    records: tuple[TrialRecord, ...]
    result: dict[str, Any] | None
    """The content of the file of `result_file.write_result`; None until the sweep is finished."""
    load_winner: Callable[[], WinningModel] | None
    """None before there is a winner, and when the sweep was finished before predictions were stored."""

    @classmethod
    def read(cls, folder: Path, live: Collection[int] = ()) -> Findings:
        """Reads a sweep's folder. The sweep may be running, and workers may have the trials `live`."""
        config = SweepConfig.load(folder)
        finished = SweepFolder(folder).result.exists()
        return cls(
            config=config,
            records=tuple(
                replace(record, live=record.number in live) for record in read_records(SweepFolder(folder).journal)
            ),
            result=read_result(folder) if finished else None,
            load_winner=partial(_read_winner, folder)
            if finished and SweepFolder(folder).predictions.exists()
            else None,
        )

    @property
    def best(self) -> TrialRecord:
        """The winner, or the best trial so far. Raises NotShown before the first epoch."""
        number = (self.result or {}).get("best", {}).get("trial")
        best = best_of(list(self.records)) if number is None else self.records[number]
        if best is None:
            raise NotShown(no_best(self.config.goal, self.records) or "no trial has a score")
        return best

    @property
    def num_ranked(self) -> int:
        """Of how many trials the winner is the best."""
        return sum(record.feasible for record in self.records)

    @property
    def saved_epoch(self) -> int:
        """The epoch whose weights the model has: the one that the best trial kept, unless no checkpoint had that."""
        kept = (self.result or {}).get("best", {})
        return int(kept.get("epoch", self.best.best_epoch))

    @cached_property
    def fitting(self) -> tuple[TrialRecord, ...]:
        """The trials that lie in the search space: all of them, unless it was changed."""
        return tuple(fitting(self.records, self.config))

    @property
    def tried(self) -> tuple[TrialRecord, ...]:
        """All trials. Raises NotShown before one of them has a score, or is known to violate a constraint."""
        return self.records if any(record.values or record.ended for record in self.records) else self.scored

    @property
    def compared(self) -> tuple[list[TrialRecord], SweepConfig]:
        """The trials that can be compared at a rung, as they began: see `refit.compared`."""
        records, config = compared(self.records, self.config)
        return [replace(record, parameters=dict(record.parameters_in(1))) for record in records], config

    @property
    def scored(self) -> tuple[TrialRecord, ...]:
        """All trials. Raises NotShown before one of them can be the best."""
        return self.records if self.best else ()

    @property
    def confirmed(self) -> Confirmed:
        """What other seeds gave. Raises NotShown when none were asked for, or none of the trainings is complete."""
        raw = (self.result or {}).get("confirm")
        found = Confirmation.from_json(raw) if raw else None
        if self.result is None or found is None or found.score is None:
            raise NotShown("the winner was not trained again")
        finalists = Finalists.from_json(self.result["finalists"]) if self.result.get("finalists") else None
        own, raw = self.result["best"][found.metric], self.result.get("threshold")
        threshold = Threshold.from_json(raw) if raw else None
        return Confirmed(confirmation=found, spread=found.score, own=own, finalists=finalists, threshold=threshold)

    @property
    def finalists(self) -> Finalists:
        """The trials of which the winner was chosen by their means over other seeds. Raises NotShown without them."""
        raw = (self.result or {}).get("finalists")
        if not raw:
            raise NotShown("the sweep has no finalists")
        return Finalists.from_json(raw)

    @property
    def budgets(self) -> tuple[BudgetState, ...]:
        """How far its budgets are used; none until the sweep is finished."""
        found = (self.result or {}).get("budgets", {})
        return tuple(BudgetState.from_json(name, raw) for name, raw in found.items())

    @property
    def learnt(self) -> bool:
        """Whether the model is better than always saying one class, or the mean, as far as that was measured."""
        return bool(((self.result or {}).get("validation") or {}).get("better", True))

    @property
    def scheduler(self) -> Scheduler:
        """The sweep's."""
        return make_scheduler(self.config)

    @cached_property
    def importance(self) -> Importance:
        """Of the parameters. Raises NotShown when that cannot be computed."""
        try:
            records, config = self.compared
            return importance(records, space_of(self.config), config.epochs, make_scheduler(config).rungs())
        except NotEnoughTrialsError as reason:
            raise NotShown(str(reason)) from None

    @cached_property
    def optuna_importance(self) -> OptunaImportance:
        """The same by Optuna's evaluators. Raises NotShown when that cannot be computed."""
        try:
            return optuna_importance(self.config, self.records)
        except NotEnoughTrialsError as reason:
            raise NotShown(str(reason)) from None

    @property
    def gain_steps(self) -> tuple[Step, ...]:
        """What carries the winner's gain over the default. Raises NotShown when nothing can be said."""
        try:
            return gain_steps(self.config, self.records, self.best)
        except NotEnoughTrialsError as reason:
            raise NotShown(str(reason)) from None

    @cached_property
    def winner(self) -> WinningModel:
        """The winner. Raises NotShown if there is none."""
        if self.result is None:
            raise NotShown("the sweep is not finished, and its best model has not been tested yet")
        if self.load_winner is None:
            raise NotShown(f"the sweep has kept no {PREDICTIONS_FILE}: it was finished by an earlier version")
        return self.load_winner()


def _read_winner(folder: Path) -> WinningModel:
    model, spec = load_model(folder / "model")
    predictions = load_predictions(folder)
    return WinningModel(spec=spec, predictions=predictions, attention=attention(model, predictions.inputs))


@torch.inference_mode()
def attention(model: Classifier, inputs: Tensor) -> Tensor | None:
    """(samples, steps) weights of a model whose network has a method `attention`; None for any other."""
    weigh = getattr(model.network, "attention", None)
    if weigh is None:
        return None
    weights: Tensor = weigh(model.prepare(inputs))
    return weights
