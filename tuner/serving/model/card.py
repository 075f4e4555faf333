"""What people should know of the model that answers: what it says, how good it is, of what data, by which sweep."""

from __future__ import annotations

from collections import Counter
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
    result = _result(served, home)
    created = origin.created or _made(served.place)
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
        "network": _network(served.description),
        "explains": served.explains,
        "unexplained": served.unexplained,
        "scores": _scores(result, origin.tags),
        "parameters": _parameters(result, served.description),
        "facts": _facts(result),
    }


def sweep_of(served: ServedModel, home: Path) -> Path | None:
    """The folder of the sweep that has made the model, if it is here."""
    origin = served.origin
    if not origin.version:
        return served.place.parent if origin.sweep else None
    if origin.sweep not in sweep_names(home):
        return None
    with suppress(TunerError, KeyError):
        if SweepConfig.load(home / origin.sweep).uid == origin.tags[UID_TAG]:
            return home / origin.sweep
    return None


def _result(served: ServedModel, home: Path) -> dict[str, Any]:
    """What its sweep says of its winner, if this model is that; it may be an ensemble, or have been the winner once."""
    folder, origin = sweep_of(served, home), served.origin
    with suppress(TunerError, KeyError, TypeError):
        result = read_result(folder) if folder else {}
        if not origin.version or str(result["best"]["trial"]) == origin.tags[BEST_TRIAL_TAG]:
            return result
    return {}


def _made(place: Path) -> float:
    return max(file.stat().st_mtime for file in (place.iterdir() if place.is_dir() else [place]))


def _network(description: ModelDescription) -> str:
    """Its name; of an ensemble how many there are of which."""
    names = Counter(title(member.model) for member in description.members)
    return (
        f"ensemble of {', '.join(f'{count} {name}' for name, count in names.items())}"
        if names
        else title(description.model)
    )


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
    members = {f"share of member {number}": each.weight for number, each in enumerate(description.members, 1)}
    found = result.get("best", {}).get("parameters") if result else None
    return dict(members or found or description.arguments)


def _facts(result: Mapping[str, Any]) -> dict[str, str]:
    cost = result.get("cost") or {}
    units = {"parameters": "weights", "flops": "FLOPs for one sample", "bytes": "size"}
    return {
        said: format_number(cost[name], "B" if name == "bytes" else "")
        for name, said in units.items()
        if isinstance(cost.get(name), int | float)
    }
