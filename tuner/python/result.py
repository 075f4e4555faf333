"""What a sweep has come to, as Python values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.core.errors import TunerError
from tuner.core.metric import NOT_REPORTED
from tuner.core.records import TrialRecord, Value
from tuner.core.score_text import score_text
from tuner.core.scores import Interval
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import format_parameters
from tuner.python.quiet import quiet_imports

if TYPE_CHECKING:
    import pandas as pd

    from tuner.python.model import Model
    from tuner.sweeps.best_trial import BestTrial


@dataclass(frozen=True)
class Score:
    """A score, and how sure it is."""

    value: float
    interval: Interval | None = None
    """Where it is expected over many more such samples, with a confidence of 95 %; None where that is not known."""

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return score_text(self.value, self.interval) if self.interval else f"{self.value:.4g}"


@dataclass(frozen=True)
class Best:
    """The winner of a finished sweep, or the best trial so far."""

    number: int
    epoch: int
    """The epoch whose weights are kept."""
    parameters: Mapping[str, Value]
    scores: Mapping[str, Score]
    """Of validation, and of a finished sweep also those on the test split: `test_accuracy` and others."""

    def __str__(self) -> str:
        scores = ", ".join(f"{name} {score}" for name, score in self.scores.items())
        return f"trial {self.number}, epoch {self.epoch}: {scores}; {format_parameters(self.parameters)}"


@dataclass(frozen=True)
class Result:
    """What a sweep has come to: finished, or interrupted by Ctrl-C. Its parts are read when they are needed."""

    name: str
    folder: Path
    """The sweep's."""

    @property
    def finished(self) -> bool:
        """Whether the winner was tested, and saved as the model."""
        return SweepFolder(self.folder).result.exists()

    @property
    def best(self) -> Best:
        """The winner, or the best trial so far. Raises TunerError while no trial has a score."""
        return find_best(self.folder)

    @property
    def trials(self) -> pd.DataFrame:
        """A row for each trial: see `frames.trials_frame`."""
        from tuner.python.frames import trials_frame  # noqa: PLC0415 - pandas takes a moment

        return trials_frame(self.folder)

    @property
    def epochs(self) -> pd.DataFrame:
        """A row for each trial and epoch: see `epoch_rows`."""
        from tuner.python.frames import epochs_frame  # noqa: PLC0415 - pandas takes a moment

        return epochs_frame(self.folder)

    @cached_property
    def model(self) -> Model:
        """The winner's model. Raises TunerError when there is none, as the sweep is not finished."""
        from tuner.python.model import load_model  # noqa: PLC0415 - imports torch
        from tuner.training.model_description import DESCRIPTION_FILE  # noqa: PLC0415

        there = (SweepFolder(self.folder).model / DESCRIPTION_FILE).exists()
        return load_model(str(self.folder) if there else self.name)

    @property
    def saved(self) -> Any:
        """Of your own training code: what the best trial gave to `trial.save` in its best epoch.

        Raises TunerError when it has saved nothing, or the sweep is not finished. Loading it runs the code in it.
        """
        from tuner.python.saved import load_saved  # noqa: PLC0415 - imports torch

        return load_saved(self.folder)

    @property
    def report(self) -> Path | None:
        """The report's page, to be opened in a browser; None if it was not made."""
        page = SweepFolder(self.folder).report_page
        return page if page.exists() else None

    def __repr__(self) -> str:
        state = "finished" if self.finished else "not finished"
        try:
            return f"<{self.name}, {state}: {self.best}>"
        except TunerError as error:
            return f"<{self.name}, {state}: {error}>"


def find_best(folder: Path) -> Best:
    """The best trial of the sweep in this folder. Raises TunerError when there is none."""
    with quiet_imports():
        from tuner.sweeps import best_trial  # noqa: PLC0415 - imports Optuna

    found = best_trial.find_best(folder.name, folder.parent, "best of")
    trial = found.trial
    scores = _own_scores(trial) if found.config.program is not None else _scores(found)
    return Best(trial.number, trial.best_epoch, dict(trial.parameters), scores)


def _own_scores(trial: TrialRecord) -> dict[str, Score]:
    """All that a user's own code has reported in the epoch that is kept."""
    found = trial.outcome(trial.best_epoch).items()
    return {name: Score(value) for name, value in found if name not in NOT_REPORTED}


def _scores(found: BestTrial) -> dict[str, Score]:
    scores = {}
    for metric, value in found.scores():
        scores[metric.name] = Score(value, found.val_interval() if metric.name == found.config.goal.score else None)
    if found.winner:
        tested = found.winner.scores
        scores |= {f"test_{name}": Score(tested.value(name), tested.interval(name)) for name in tested.kind.tested}
    return scores
