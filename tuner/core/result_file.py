"""A finished sweep's result.json: writing it, and reading it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tuner.core.against_default import AgainstDefault
from tuner.core.baselines import Baseline
from tuner.core.confirmation import Confirmation
from tuner.core.cost import Cost
from tuner.core.errors import TunerError, one_line
from tuner.core.files import read_checked_json, write_checked_json
from tuner.core.finalists import Finalists
from tuner.core.models_compared import AgainstModel
from tuner.core.outcome import Outcome, RegisteredModel, Winner
from tuner.core.own_winner import OwnWinner
from tuner.core.records import TrialRecord
from tuner.core.refit import Refit
from tuner.core.scores import Difference, Interval, read_scores
from tuner.core.sweep_folder import SweepFolder
from tuner.core.threshold import Threshold
from tuner.core.validation import read_validation


def write_result(outcome: Outcome) -> None:
    """Writes result.json: the sweep is finished."""
    write_checked_json(SweepFolder(outcome.folder).result, outcome.to_json())


def read_winner(folder: Path, records: list[TrialRecord]) -> Winner:
    """The winner in the file of `write_result`, one of these trials. Raises TunerError when the file is damaged."""
    return _winner_in(SweepFolder(folder).result, records)


def read_earlier_winner(folder: Path, records: list[TrialRecord]) -> Winner | None:
    """The winner of before, while a sweep grows; None when there was none. Raises TunerError as `read_winner` does."""
    file = SweepFolder(folder).earlier_result
    return _winner_in(file, records) if file.exists() else None


def _winner_in(file: Path, records: list[TrialRecord]) -> Winner:
    result = _read(file)
    try:
        excess, likely = result["best"].get("val_excess"), result["best"].get("val_likely")
        scores = read_scores(result["test"])
        return Winner(
            trial=records[result["best"]["trial"]],
            epoch=result["best"]["epoch"],
            val_score=result["best"][scores.kind.val_score],
            val_loss=result["best"]["val_loss"],
            val_samples=result["best"].get("val_samples"),
            val_luck=result["best"].get("val_luck"),
            val_likely=Interval(*likely) if likely else None,
            val_excess=Difference.from_json(excess) if excess else None,
            scores=scores,
            cost=Cost(**result["cost"]),
            test_data=result["test_data"],
            test_looks=result.get("test_looks", 1),
            tested_before=result.get("tested_before", 0),
            validation=read_validation(result["validation"]) if result.get("validation") else None,
            model=RegisteredModel(**result["model"]) if result["model"] else None,
            refit=Refit(**result["refit"]) if result.get("refit") else None,
            threshold=Threshold.from_json(result["threshold"]) if result.get("threshold") else None,
            default=AgainstDefault.from_json(result["default"]) if result.get("default") else None,
            models=tuple(map(AgainstModel.from_json, result.get("models", ()))),
            finalists=Finalists.from_json(result["finalists"]) if result.get("finalists") else None,
            baselines=_baselines(result.get("baselines")),
            confirm=Confirmation.from_json(result["confirm"]) if result.get("confirm") else None,
        )
    except (KeyError, TypeError, IndexError) as error:
        raise TunerError(f"{file} is damaged, or of an earlier version: {error!r}") from None


def read_own_winner(folder: Path, records: list[TrialRecord]) -> OwnWinner:
    """The same of a user's own code."""
    try:
        return OwnWinner.from_json(read_result(folder)["best"], records)
    except (KeyError, TypeError, IndexError) as error:
        raise TunerError(f"{SweepFolder(folder).result} is damaged: {error!r}") from None


def mark_own_sent(folder: Path, winner: OwnWinner) -> None:
    """Notes in result.json that everything about the sweep is in MLflow, with what was registered of its winner."""
    old = read_result(folder)
    best = {**old["best"], **replace(winner, sent=True).to_json()}
    write_checked_json(SweepFolder(folder).result, {**old, "unsent": "", "own_sent": True, "best": best})


def mark_sent(folder: Path, winner: Winner) -> None:
    """Notes in result.json that everything about the sweep is in MLflow, with its registered winner."""
    old = read_result(folder)
    new = {**old, "unsent": "", "model": asdict(winner.model) if winner.model else None}
    if winner.test_looks > old.get("test_looks", 1):
        new["test_looks"] = winner.test_looks
    if winner.validation and not old.get("validation"):
        new["validation"] = asdict(winner.validation)
    if new != old:
        write_checked_json(SweepFolder(folder).result, new)


def is_sent(folder: Path) -> bool:
    """Whether everything about a finished sweep is in MLflow, with its model registered."""
    return tells_all_sent(read_result(folder))


def tells_all_sent(result: Mapping[str, Any]) -> bool:
    """The same, of what `read_result` gives."""
    return bool(result.get("model") or result.get("own_sent")) and not result.get("unsent")


def read_result(folder: Path) -> dict[str, Any]:
    """The content of the file of `write_result`. Raises TunerError when the file is damaged."""
    return _read(SweepFolder(folder).result)


def read_earlier_result(folder: Path) -> dict[str, Any]:
    """The result of before, while a sweep grows; empty when there was none. Raises TunerError as `read_result` does."""
    file = SweepFolder(folder).earlier_result
    return _read(file) if file.exists() else {}


def _read(file: Path) -> dict[str, Any]:
    try:
        return read_checked_json(file)
    except (OSError, ValueError) as error:
        raise TunerError(f"{file} is damaged: {one_line(error)}; to make it again, delete it") from None


def _baselines(raw: Sequence[Mapping[str, Any]] | None) -> tuple[Baseline, ...] | None:
    return None if raw is None else tuple(map(Baseline.from_json, raw))
