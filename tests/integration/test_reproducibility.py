"""The same seed, in several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ASK = """
import sys
from pathlib import Path
from tuner.core import catalog
from tuner.search.study import Study
from tuner.search.space_file import parse_space, read_toml

space = parse_space(read_toml(catalog.search_space("digits", "cnn"), "digits-cnn"), "digits-cnn")
study = Study(Path(sys.argv[1]), space, seed=3, trials=12)
for _ in range(12):
    number, drawn = study.ask()
    score = sum(value * 7919 for value in drawn.values() if not isinstance(value, str)) % 1
    study.report(number, {"epoch": 1, "val_accuracy": score, "val_loss": 1.0})
    study.tell(number, "PRUNED" if number % 3 else "COMPLETE")
    print(number, sorted(drawn.items()))
"""


def test_the_same_seed_draws_the_same_trials_in_any_process(tmp_path: Path) -> None:
    """TPE sees the trials before, in sets of names, whose order differs between processes."""
    drawn = []
    for seed in ("1", "2"):
        command = [sys.executable, "-c", ASK, str(tmp_path / seed)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
        drawn.append(done.stdout)
    assert drawn[0].count("\n") == 12
    assert drawn[0] == drawn[1]
