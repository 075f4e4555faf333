"""The winner trained once more on its training and validation samples together: how, and what is known of it."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import Self

from tuner.core.errors import TunerError, one_line
from tuner.core.files import make_folder, read_checked_json, write_checked_json
from tuner.core.records import TrialRecord, Value
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import counted


@dataclass(frozen=True, kw_only=True)
class RefitPlan:
    """The training. Without validation samples no epoch can be chosen: it has as many as the winner's kept one."""

    trial: int
    """The winner."""
    parameters: dict[str, Value]
    epochs: int
    """After which it ends. Its learning rate is until then that of a training with all epochs, as the winner's was."""
    halved: int = 0
    """The first epoch to train in half batches, as the winner did; 0 for none."""
    uid: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    """Tells plans apart, when a sweep that has grown gets another winner."""

    @classmethod
    def of(cls, winner: TrialRecord) -> Self:
        """The plan for a winner."""
        return cls(
            trial=winner.number,
            parameters=dict(winner.parameters),
            epochs=winner.best_epoch,
            halved=winner.halved,
        )

    def mark(self, record: TrialRecord) -> TrialRecord:
        """The record of the training, told apart from the trials of the search."""
        return replace(record, refits=self.trial, plan=self.uid)

    def save(self, folder: SweepFolder) -> None:
        """Writes the file. From then on the search of the sweep is over."""
        make_folder(folder.refit.path)
        write_checked_json(folder.refit_plan, asdict(self))

    @classmethod
    def load(cls, folder: SweepFolder) -> Self | None:
        """Reads the file; None when there is none. Raises TunerError when it is damaged."""
        try:
            return cls(**read_checked_json(folder.refit_plan))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise TunerError(f"{folder.refit_plan} is damaged: {one_line(error)}") from None


@dataclass(frozen=True, kw_only=True)
class Refit:
    """What was trained, and is the model."""

    epochs: int
    samples: int
    """Training and validation samples together."""


def refit_text(refit: Refit) -> str:
    """What is said of a model that was trained on all samples but those of the test set."""
    return (
        f"the winner's parameters, trained again for {counted(refit.epochs, 'epoch')} on all {refit.samples:,} "
        "training and validation samples; its validation score is that of the winner before"
    )
