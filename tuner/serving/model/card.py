"""What people should know of the model that answers: what it says, how good it is, of what data, by which sweep."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.own_code import title
from tuner.core.result_file import read_result
from tuner.core.score_text import interval_text, score_details, score_digits
from tuner.core.scores import ScoresOfTest, read_scores
from tuner.core.sweep_folder import sweep_names
from tuner.core.units import format_number
from tuner.serving.model.served import ServedModel
from tuner.tracking.run_status import BEST_TRIAL_TAG, UID_TAG
from tuner.tracking.score_tags import own_score
from tuner.training.model_description import ModelDescription

MOST_CATEGORIES = 50


def make_card(served: ServedModel, home: Path) -> dict[str, Any]:
    """The card as JSON. What is not known is left out."""
    origin, data = served.origin, served.data
    result = _result(sweep_of(served, home))
    description = ModelDescription.load(served.folder)
    created = origin.created or _made(served.folder)
    return {
        "name": origin.name,
        "version": origin.version,
        "sweep": origin.sweep,
        "created": datetime.fromtimestamp(created, UTC).isoformat(timespec="seconds"),
        "data": data.name,
        "task": data.task,
        "shape": list(data.shape),
        "classes": list(data.classes),
        **({"number": {"name": data.number.name, "unit": data.number.column.unit}} if data.number else {}),
        **({"threshold": data.threshold} if data.threshold != 0.5 else {}),
        "columns": [_column(column) for column in data.columns],
        "network": title(description.model),
        "explains": served.explains,
        "scores": _scores(result, origin.tags),
        "parameters": _parameters(result, description),
        "facts": _facts(result),
    }


def sweep_of(served: ServedModel, home: Path) -> Path | None:
    """The folder of the sweep that has made the model, if it is here and this model is still its winner."""
    origin = served.origin
    if not origin.version:
        return served.folder.parent if origin.sweep else None
    if origin.sweep not in sweep_names(home):
        return None
    folder = home / origin.sweep
    with suppress(TunerError, KeyError, TypeError):
        trial = str(read_result(folder)["best"]["trial"])
        if SweepConfig.load(folder).uid == origin.tags[UID_TAG] and trial == origin.tags[BEST_TRIAL_TAG]:
            return folder
    return None


def _result(folder: Path | None) -> dict[str, Any]:
    with suppress(TunerError):
        return read_result(folder) if folder else {}
    return {}


def _made(folder: Path) -> float:
    return max(file.stat().st_mtime for file in folder.iterdir())


def _column(column: Any) -> dict[str, Any]:
    shown = list(column.categories[:MOST_CATEGORIES])
    return {"name": column.name, "kind": column.kind, **({"categories": shown} if shown else {})}


def _scores(result: Mapping[str, Any], tags: Mapping[str, str]) -> list[dict[str, str]]:
    """On the test set where that is known; else the ones of validation that the registry has."""
    if "test" in result:
        with suppress(KeyError, TypeError, ValueError):
            scores = read_scores(result["test"])
            return [_score(scores, name) for name in scores.kind.tested]
    found = []
    for name, value in tags.items():
        if name.startswith("tuner.test_") and name.removeprefix("tuner.test_") in ("accuracy", "r2"):
            found.append({"name": name.removeprefix("tuner.test_"), "value": score_digits(float(value)), "of": "test"})
    if (validation := own_score(tags)) is not None:
        value = score_digits(validation.score)
        found.append({"name": validation.kind.score, "value": value, "of": "validation"})
    return found


def _score(scores: ScoresOfTest, name: str) -> dict[str, str]:
    interval = scores.interval(name)
    return {
        "name": name,
        "value": score_digits(scores.value(name), interval),
        "interval": interval_text(interval) if interval else "",
        "details": "; ".join(score_details(scores, name)),
        "of": "test",
    }


def _parameters(result: Mapping[str, Any], description: ModelDescription) -> dict[str, Any]:
    found = result.get("best", {}).get("parameters") if result else None
    return dict(found or description.arguments)


def _facts(result: Mapping[str, Any]) -> dict[str, str]:
    cost = result.get("cost") or {}
    units = {"parameters": "weights", "flops": "FLOPs for one sample", "bytes": "size"}
    return {
        said: format_number(cost[name], "B" if name == "bytes" else "")
        for name, said in units.items()
        if isinstance(cost.get(name), int | float)
    }
