"""The best trial of a sweep, finished or not: for `tuner best`, and for sweeps and trainings that begin with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.earlier import epochs_of, raw_space
from tuner.core.errors import TunerError
from tuner.core.no_winner import no_best
from tuner.core.objective import METRICS, Metric
from tuner.core.outcome import Winner
from tuner.core.own_code import title
from tuner.core.pareto import front_of
from tuner.core.records import TrialRecord, best_of
from tuner.core.result_file import read_winner
from tuner.core.scores import Interval
from tuner.core.several_models import MODEL, is_several, own_parameters, shown, titles
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.core.target_kind import CLASSES, NUMBERS
from tuner.search.space_text import space_text
from tuner.search.study_reader import read_records


@dataclass(frozen=True, kw_only=True)
class BestTrial:
    """The winner of a sweep, or its best trial so far."""

    config: SweepConfig
    trial: TrialRecord
    trials: int
    """How many have a score and did not fail."""
    finished: bool
    """Whether the sweep is."""
    front: tuple[int, ...]
    """The numbers of the trials on the Pareto front; empty for one objective."""
    winner: Winner | None
    """None while it is not, or if its result cannot be read."""

    def val_interval(self) -> Interval | None:
        """Of its validation accuracy; None where the number of samples is not known, and for R2."""
        if self.winner is None or not self.winner.val_samples or self.config.goal.kind is not CLASSES:
            return None
        from tuner.training.score_error import wilson  # noqa: PLC0415 - imports scipy

        return wilson(self.winner.val_score * self.winner.val_samples, self.winner.val_samples)

    def scores(self) -> list[tuple[Metric, float]]:
        """What decides, and the scores of the task, in the epoch that is kept."""
        outcome = self.trial.outcome(self.trial.best_epoch)
        goal = self.config.goal
        usual = [goal.score, *(("val_rmse", "val_mae") if goal.kind is NUMBERS else ())]
        metrics = dict.fromkeys(goal.metrics if goal.own else (*goal.metrics, *(METRICS[name] for name in usual)))
        return [(metric, outcome[metric.name]) for metric in metrics if metric.name in outcome]

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        scores, kind = self.winner.scores if self.winner else None, self.config.goal.kind
        return {
            "sweep": self.config.name,
            "finished": self.finished,
            "trial": self.trial.number,
            "epoch": self.trial.best_epoch,
            "parameters": self.trial.parameters,
            **({"front": list(self.front)} if self.config.goal.several else {}),
            "objective": self.config.objective,
            "constraint": self.config.constraint,
            "scores": {metric.name: value for metric, value in self.scores()},
            kind.val_score: self.trial.outcome(self.trial.best_epoch).get(kind.val_score),
            f"{kind.val_score}_interval": self.val_interval(),
            f"test_{kind.score}": scores.main if scores else None,
            f"test_{kind.score}_interval": scores.main_interval if scores else None,
        }

    def to_toml(self) -> str:
        """The search space that this trial was drawn from as a file for `--space`, with the trial as start point."""
        where = f"trial {self.trial.number} of {self.config.name}"
        comment = f"The search space of {self.config.name}. It begins with {where}."
        space = raw_space(self.config, self.trial.number)
        return space_text(
            {**space, "epochs": epochs_of(self.config, self.trial.number)}, self.trial.parameters, where, comment
        )


def find_best(name: str, home: Path, option: str = "tuner best") -> BestTrial:
    """The best trial of a sweep that `option` names. Raises TunerError when there is none."""
    config, folder = known_sweep(name, home), SweepFolder(home / name)
    records = read_records(folder.journal)
    finished, winner = folder.result.exists(), None
    if finished:
        with suppress(TunerError):  # damaged, or of an earlier version: the study knows the best trial, too
            winner = read_winner(folder.path, records)
    best = winner.trial if winner else best_of(records)
    if best is None:
        why = no_best(config.goal, records) or "no trial of it has finished an epoch yet"
        raise TunerError(f"{option} {name}: {why}")
    count = sum(record.feasible for record in records)
    front = tuple(record.number for record in front_of(records)) if config.goal.several else ()
    return BestTrial(config=config, trial=best, trials=count, finished=finished, front=front, winner=winner)


def best_for(models: str, name: str, home: Path, option: str) -> BestTrial:
    """The same of a sweep whose best trial must be of this model, or of one of these: its parameters are as here."""
    config, asked = known_sweep(name, home), titles(models)
    if not set(titles(config.model)) & set(asked):
        raise TunerError(f"{option} {name}: that is a sweep of {shown(config.model)}, not of {shown(models)}")
    best = find_best(name, home, option)
    model = title(config.model_of(best.trial.parameters))
    if model not in asked:
        raise TunerError(f"{option} {name}: its best trial is of {model}, not of {shown(models)}")
    which = {MODEL: model} if is_several(models) else {}
    parameters = which | own_parameters(config.model, best.trial.parameters)
    return replace(best, trial=replace(best.trial, parameters=parameters))
