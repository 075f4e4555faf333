"""What a sweep comes to, and the file that says that it is finished."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.config import SweepConfig
from tuner.errors import TunerError, one_line
from tuner.records import FILE as JOURNAL
from tuner.records import TrialRecord, read_records
from tuner.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    from tuner.cost import Cost

FILE = "result.json"
UNSENT = 3  # the exit status of a command that has done its work, of which MLflow lacks a part


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
    epoch: int
    """After which its weights are those of the model."""
    val_accuracy: float
    """With these weights, like the loss."""
    val_loss: float
    scores: TestScores
    cost: Cost
    test_data: str
    """The test split's fingerprint."""
    model: Registered | None = None
    """None as long as it is in the sweep's folder alone."""


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
    """Why part of the record, or the model, has not reached MLflow; empty when all has."""
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
            "unsent": self.unsent,
        }
        if self.winner:
            trial = self.winner.trial
            result["best"] = {
                "trial": trial.number,
                "epoch": self.winner.epoch,
                "val_accuracy": self.winner.val_accuracy,
                "val_loss": self.winner.val_loss,
                "parameters": trial.parameters,
            }
            result["test"] = asdict(self.winner.scores)
            result["test_data"] = self.winner.test_data
            result["cost"] = asdict(self.winner.cost)
            result["model"] = asdict(self.winner.model) if self.winner.model else None
        return result


def write_result(outcome: Outcome) -> None:
    """Writes result.json: the sweep is finished."""
    write_sealed(outcome.folder / FILE, outcome.to_json())


def read_winner(folder: Path, records: list[TrialRecord]) -> Winner:
    """The winner that `write_result` has written, of these trials. Raises TunerError when the file is damaged."""
    from tuner.cost import Cost  # noqa: PLC0415 - imports torch

    result = read_result(folder)
    try:
        return Winner(
            trial=records[result["best"]["trial"]],
            epoch=result["best"]["epoch"],
            val_accuracy=result["best"]["val_accuracy"],
            val_loss=result["best"]["val_loss"],
            scores=TestScores(**result["test"]),
            cost=Cost(**result["cost"]),
            test_data=result["test_data"],
            model=Registered(**result["model"]) if result["model"] else None,
        )
    except (KeyError, TypeError, IndexError) as error:
        raise TunerError(f"{folder / FILE} is damaged, or of an earlier version: {error!r}") from None


def read_outcome(config: SweepConfig, folder: Path) -> Outcome:
    """That of a finished sweep, as `write_result` has written it. Raises TunerError when a file of it is damaged."""
    from tuner.report.make import FOLDER, PAGE  # noqa: PLC0415 - imports matplotlib

    records, result, page = read_records(folder / JOURNAL), read_result(folder), folder / FOLDER / PAGE
    return Outcome(
        config=config,
        folder=folder,
        records=tuple(records),
        winner=read_winner(folder, records),
        seconds=result["seconds"],
        unsent=result["unsent"],
        report=page if page.exists() else None,
    )


def note_sent(folder: Path, model: Registered) -> None:
    """Notes in result.json that MLflow has all of the sweep."""
    old = read_result(folder)
    new = {**old, "unsent": "", "model": asdict(model)}
    if new != old:
        write_sealed(folder / FILE, new)


def is_sent(folder: Path) -> bool:
    """Whether MLflow was sent all of a finished sweep, and its model is registered."""
    result = read_result(folder)
    return bool(result.get("model")) and not result.get("unsent")


def read_result(folder: Path) -> dict[str, Any]:
    """What `write_result` has written. Raises TunerError when the file is damaged."""
    try:
        return read_sealed(folder / FILE)
    except (OSError, ValueError) as error:
        raise TunerError(f"{folder / FILE} is damaged: {one_line(error)}; to make it again, delete it") from None


def disk_error(trouble: str, name: str) -> SweepError:
    """The error of a sweep that its disk has ended."""
    return SweepError(f"{trouble}; every trial is kept as it was last saved; once that is mended: tuner resume {name}")


def all_failed(records: list[TrialRecord], folder: Path) -> SweepError:
    """The error of a sweep in which no trial came to an end: the commonest reason speaks for all."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    if not reasons:
        return SweepError(f"no trial finished an epoch before the search ended; the sweep is kept in {folder}")
    [(reason, count)] = reasons.most_common(1)
    traced = any((folder / "trials").glob("*-error.txt"))  # a loss that is not finite has no more to tell
    details = f"; details in {folder}/trials" if traced else ""
    if len(records) == 1:
        return SweepError(f"the trial failed: {reason}{details}")
    failed = (
        f"{reasons.total()} of {len(records)} trials"
        if reasons.total() < len(records)
        else f"all {len(records)} trials"
    )
    return SweepError(f"{failed} failed, {count} of them with: {reason}{details}")
