"""Records when the epochs of twenty searches ended, for the test of the estimated time left.

python tests/benchmarks/record_searches.py tests/unit/search/searches.json
python tests/benchmarks/record_searches.py more.json runs/*/           # those of real sweeps

A search of its own is the real study and scheduler with workers that only count seconds: of different numbers, and with
epochs from a tenth of a second to a minute, which differ from trial to trial and from epoch to epoch.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.common import make_config
from support.made_up_search import begin, report_of

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.search import study_store
from tuner.search.schedulers.base import Decision
from tuner.search.study_reader import read_records

SEARCHES, BEGAN = 20, 4e9  # later than any start by the clock of the machine


class Workers:
    """Workers on a clock that jumps from one epoch's end to the next."""

    def __init__(self, rng: np.random.Generator, config: SweepConfig, folder: Path) -> None:
        self.now = BEGAN
        self._rng, self._config = rng, config
        self._controller, self.study = begin(config, folder)
        self._epoch = float(rng.lognormal(0, 1.2))  # seconds
        self._spread, self._noise = rng.uniform(0, 0.7), rng.uniform(0.03, 0.3)
        self._saving, self._starting = self._epoch * rng.uniform(0.02, 0.4), float(rng.uniform(5, 20))
        self._changing = float(rng.uniform(0.1, 1.5))
        self._factors: dict[int, float] = {}
        self.started: dict[int, float] = {}
        self._ends: list[tuple[float, int, float]] = []

    def run(self) -> None:
        """To the end of the search."""
        free, started = self._config.concurrency, 0
        while True:
            while free and (drawn := self._controller.next_trial()):
                self.started.setdefault(drawn[0], self.now)
                late = started < self._config.concurrency
                self._train(drawn[0], self._starting * float(self._rng.uniform(1, 1.6)) if late else self._changing)
                free, started = free - 1, started + 1
            if not self._ends:
                return
            self.now, number, seconds = heapq.heappop(self._ends)
            record = self.study.record(number)
            report = report_of(record.epoch + 1, self._score(record, record.epoch + 1), epoch_seconds=seconds)
            if self._controller.on_report(number, report) is Decision.STOP:
                free += 1
            else:
                self._train(number, 0.0)

    def _train(self, number: int, before: float) -> None:
        factor = self._factors.setdefault(number, float(self._rng.lognormal(0, self._spread)))
        seconds = self._epoch * factor * float(self._rng.lognormal(0, self._noise))
        heapq.heappush(self._ends, (self.now + before + seconds + self._saving, number, seconds))

    def _score(self, record: TrialRecord, epoch: int) -> float:
        dropout, lr = float(record.parameters["dropout"]), float(record.parameters["lr"])
        quality = (1 - dropout) * math.exp(-((math.log10(lr) + 2) ** 2) / 2)
        return 0.1 + 0.85 * quality * (1 - math.exp(-epoch / 3)) + float(self._rng.normal(0, 0.02))


def search(seed: int) -> dict[str, Any]:
    """One that is simulated."""
    rng = np.random.default_rng(seed)
    epochs = int(rng.choice([4, 6, 9, 12, 20, 27]))
    parameters = {"dropout": {"low": 0.0, "high": 0.9}, "lr": {"low": 1e-4, "high": 1.0, "log": True}}
    config = make_config(
        trials=int(rng.choice([6, 8, 12, 16, 24, 30])),
        epochs=epochs,
        concurrency=int(rng.choice([1, 2, 2, 4, 8])),
        seed=seed,
        space={"epochs": epochs, "params": parameters},
    )
    with tempfile.TemporaryDirectory() as folder:
        workers = Workers(rng, config, Path(folder))
        setattr(study_store, "time", SimpleNamespace(time=lambda: workers.now))  # noqa: B010 - it exports no `time`
        workers.run()
        return recorded(config, workers.study.records(), workers.started, BEGAN)


def recorded(
    config: SweepConfig, records: list[TrialRecord], started: dict[int, float], began: float
) -> dict[str, Any]:
    """Seconds since the search began: when each trial did, and each epoch's end with its own length."""
    epochs = [
        [[round(m["time"] - began, 2), round(m["epoch_seconds"], 3)] for _, m in sorted(record.metrics.items())]
        for record in records
    ]
    begins = [round(started[record.number] - began, 2) for record in records]
    sizes = {"trials": config.trials, "epochs": config.epochs, "concurrency": config.concurrency}
    return {**sizes, "started": begins, "ends": epochs}


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "sweeps", nargs="*", type=Path, help="folders of finished sweeps; by default searches of its own"
    )
    arguments = parser.parse_args()
    found = []
    for folder in arguments.sweeps:
        records = read_records(SweepFolder(folder).journal)
        started = {record.number: record.started for record in records}
        found.append(recorded(SweepConfig.load(folder), records, started, min(started.values())))
    found = found or [search(seed) for seed in range(SEARCHES)]
    arguments.file.write_text("[\n" + ",\n".join(json.dumps(each) for each in found) + "\n]\n")


if __name__ == "__main__":
    main()
