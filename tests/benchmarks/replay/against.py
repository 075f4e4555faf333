"""What has changed since another version of the project: the same seeds, compared by what --json wrote of them."""

from __future__ import annotations

import json
from pathlib import Path

from replay.results import Json, differences, mean_and_error
from tuner.core.errors import TunerError


def read_results(path: Path) -> Json:
    """What --json has written. Raises TunerError for another file."""
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        raise TunerError(f"--against {path}: no such file") from None
    except (OSError, ValueError):
        raise TunerError(f"--against {path}: not what --json writes") from None
    if not isinstance(found, dict):
        raise TunerError(f"--against {path}: not what --json writes")
    return found


def since(result: Json, before: Json) -> list[str]:
    """A line for each method of a table that both versions have, over the budgets and seeds that both have."""
    changes = {name: _change(row, before[name]) for name, row in result.items() if name in before}
    return differences({name: change for name, change in changes.items() if change}, max(map(len, result)))


def _change(row: Json, old: Json) -> Json:
    shared = [key for key, cell in row.items() if "scores" in cell and key in old]
    pairs = {key: list(zip(row[key]["scores"], old[key]["scores"], strict=False)) for key in shared}
    return {key: mean_and_error([now - then for now, then in each]) for key, each in pairs.items()}
