"""What deciding costs the driver: its seconds per trial, with workers that train nothing.

python tests/benchmarks/driver_cost.py --trials 100 1000 10000 20000 --workers 1 32 1000

The study, the controller and the scheduler are those of a sweep; the journal lies in a temporary folder. Of each size
the last tenth of the trials is measured: what a trial costs when there are as many. TPE's own time is told apart. Times
are those of the driver's thread on the CPU: without the disk's, and whatever else runs on the machine.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.common import make_config
from support.made_up_search import begin, report_of

from tuner.core.config import SweepConfig
from tuner.core.records import Value
from tuner.search.schedulers.base import Decision
from tuner.search.study import Study

EPOCHS = 27
SPACE = {
    "batch_size": {"choices": [32, 64, 128, 256]},
    "optimizer": {"choices": ["sgd", "adam", "adamw"]},
    "lr": {"low": 1e-4, "high": 1.0, "log": True},
    "weight_decay": {"low": 1e-5, "high": 1e-1, "log": True},
    "dropout": {"low": 0.0, "high": 0.7},
    "momentum": {"low": 0.5, "high": 0.97, "when": {"optimizer": "sgd"}},
}


class Clock:
    """Seconds of this thread that drawing took."""

    def __init__(self, study: Study) -> None:
        self.drawing = 0.0
        self._reissue = study.reissue
        study.reissue = self._timed  # type: ignore[method-assign]

    def _timed(self, number: int) -> tuple[int, dict[str, Value]]:
        began = time.thread_time()
        try:
            return self._reissue(number)
        finally:
            self.drawing += time.thread_time() - began


@dataclass(frozen=True)
class Cost:
    """CPU seconds per trial, over the last tenth of the trials."""

    driver: float
    drawing: float


def measure(config: SweepConfig, folder: Path) -> Cost:
    """Runs a search to its end."""
    controller, study = begin(config, folder)
    clock = Clock(study)
    rng = np.random.default_rng(0)
    live: deque[int] = deque()
    count = config.trials // 10
    marks: dict[int, tuple[float, float]] = {}
    while True:
        while len(live) < config.concurrency and (drawn := controller.next_trial()):
            live.append(drawn[0])
            if study.count in (config.trials - count, config.trials):
                marks.setdefault(study.count, (time.thread_time(), clock.drawing))
        if not live:
            break
        number = live.popleft()
        record = study.record(number)
        report = report_of(record.epoch + 1, score(record.parameters, record.epoch + 1, rng))
        if controller.on_report(number, report) is Decision.CONTINUE:
            live.append(number)
    first, last = marks.values()
    whole, drawing = (after - before for before, after in zip(first, last, strict=True))
    return Cost(driver=(whole - drawing) / count, drawing=drawing / count)


def score(parameters: dict[str, Value], epoch: int, rng: np.random.Generator) -> float:
    """A validation accuracy that a good point reaches."""
    quality = (1 - float(parameters["dropout"])) * math.exp(-((math.log10(float(parameters["lr"])) + 2) ** 2) / 2)
    return 0.1 + 0.8 * quality * (1 - math.exp(-epoch / 5)) + 0.02 * float(rng.random())


def opening(config: SweepConfig, folder: Path) -> float:
    """CPU seconds to open the study and to be ready to decide."""
    began = time.thread_time()
    begin(config, folder)
    return time.thread_time() - began


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 5000, 20000], help="10 or more")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 32, 1000])
    arguments = parser.parse_args()
    print("| workers | trials | driver, ms a trial | TPE, ms a trial | trials a second | opened again in, s |")
    print("|---|---|---|---|---|---|")
    for workers in arguments.workers:
        for trials in arguments.trials:
            space = {"epochs": EPOCHS, "params": SPACE}
            config = make_config(trials=trials, epochs=EPOCHS, concurrency=workers, space=space)
            with tempfile.TemporaryDirectory() as folder:
                cost = measure(config, Path(folder))
                seconds = opening(config, Path(folder))
            print(
                f"| {workers} | {trials} | {1000 * cost.driver:.2f} | {1000 * cost.drawing:.1f} "
                f"| {1 / (cost.driver + cost.drawing):.0f} | {seconds:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
