"""How often a test set has been looked at: each model of a pair that was tested on it is one look.

After many looks the best test score is a little too good, even though no champion is chosen by it.
"""

from __future__ import annotations

from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.outcome import read_result
from tuner.core.sweep_folder import SweepFolder, sweep_names


def looks_here(pair: str, test_data: str, home: Path) -> set[str]:
    """The unique ids of the sweeps in `home` whose model was tested on this test split. Damaged ones are left out."""
    found = set()
    for name in sweep_names(home):
        try:
            if SweepFolder(home / name).result.exists():
                config = SweepConfig.load(home / name)
                if config.pair == pair and read_result(home / name).get("test_data") == test_data:
                    found.add(config.uid)
        except TunerError:
            continue
    return found
