"""Whether MLflow keeps up with a sweep that reports often: a real server of two workers, on a real PostgreSQL.

    python tests/benchmarks/mlflow_rate.py --trials 32 --rate 10 --seconds 20

So many trials report so often a second, six metrics each. `blocked` is what a report costs the thread that decides:
the tracker sends in another one. `behind` is what there is left to send when the last report has come.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.common import make_config
from support.made_up_search import metrics_of
from support.mlflow_server import mlflow_server
from support.postgres import postgres

from tuner.core.records import TrialRecord
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store


def main() -> None:
    """Prints a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=32, help="side by side")
    parser.add_argument("--rate", type=float, default=10.0, help="reports a second of each")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rate", dir="/tmp") as name:
        folder = Path(name)
        with postgres(folder) as database, mlflow_server(folder, database) as server:
            os.environ.update(server.login())
            measure(Store(uri=server.uri, artifacts=None), options.trials, options.rate, options.seconds)


def measure(store: Store, trials: int, rate: float, seconds: float) -> None:
    """Reports for so many seconds, then waits until MLflow has it all."""
    records = [record_of(number) for number in range(trials)]
    config = make_config(trials=trials, epochs=int(rate * seconds) + 1)
    tracker = BackgroundTracker(lambda heard: MlflowSweep(store, config, heard=heard), records.__getitem__)
    tracker.start()
    for record in records:
        tracker.on_trial_begin(record)
    blocked, told = [], 0
    began = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        number, epoch = told % trials, told // trials + 1
        metrics = metrics_of(epoch, 0.5)
        records[number].metrics[epoch] = {**metrics, "time": time.time()}
        before = time.perf_counter()
        tracker.on_trial_report(number, metrics)
        blocked.append(time.perf_counter() - before)
        told += 1
        time.sleep(max(0.0, began + told / (trials * rate) - now))
    reported = time.monotonic()
    why = tracker.close()
    if why:
        sys.exit(why)
    behind = time.monotonic() - reported
    sent = told * (len(metrics_of(1, 0.5)) - 1)
    blocked.sort()
    print(
        "| trials | reports | metrics | metrics a second | behind at the end, s | blocked a report, ms: median, most |"
    )
    print("|---|---|---|---|---|---|")
    middle, most = 1000 * blocked[len(blocked) // 2], 1000 * blocked[-1]
    print(f"| {trials} | {told} | {sent} | {sent / (seconds + behind):.0f} | {behind:.1f} | {middle:.3f}, {most:.1f} |")


def record_of(number: int) -> TrialRecord:
    """A trial that runs and has reported nothing yet."""
    return TrialRecord(
        number=number,
        state="RUNNING",
        parameters={"lr": 0.1, "batch_size": 64},
        values={},
        metrics={},
        reason="",
        started=time.time(),
        finished=None,
        live=True,
    )


if __name__ == "__main__":
    main()
