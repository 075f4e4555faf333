"""How often a test set has been looked at: each model of a pair that was tested on it is one look.

After many looks the best test score is a little too good, even though no champion is chosen by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tuner.core.errors import TunerError
from tuner.core.files import read_checked_json
from tuner.core.outcome import Winner
from tuner.core.result_file import read_earlier_result, read_result
from tuner.core.sweep_folder import SweepFolder, sweeps_in


def looks_here(pair: str, test_data: str, home: Path) -> dict[str, int]:
    """The sweeps in `home` that tested models on this test split. Damaged ones are left out.

    Returns how many models each has tested, by its unique id.
    """
    found = {}
    for folder, config in sweeps_in(home):
        if config.pair == pair or config.several:
            with suppress(TunerError):
                result = read_result(folder.path) if folder.result.exists() else read_earlier_result(folder.path)
                if result.get("test_data") == test_data and config.pair_of(result["best"]["parameters"]) == pair:
                    found[config.uid] = 1 + _tested(result) + ensemble_looks(folder)
    return found


def count_looks(winner: Winner, uid: str, *known: Mapping[str, int]) -> int:
    """All looks, with those of the sweep `uid` itself, as far as it is known by `looks_here` and in MLflow."""
    looks = {uid: winner.tested}
    for each in known:
        for sweep, count in each.items():
            looks[sweep] = max(count, looks.get(sweep, 0))
    return sum(looks.values())


def ensemble_looks(folder: SweepFolder) -> int:
    """How many ensembles and soups of a sweep have been tested on its test split."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(read_checked_json(folder.ensemble_report)["looks"])
    return 0


def _tested(result: Mapping[str, Any]) -> int:
    """How many models were tested besides the winner: see `Winner.tested` and `Confirmation.looks`."""
    found = result.get("confirm") or {}
    earlier = int(result.get("tested_before", 0)) + int(found.get("tested_before", 0))
    return earlier + len(found.get("tested_seeds", ()))
