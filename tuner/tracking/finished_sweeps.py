"""The winners of finished sweeps, written to MLflow and read from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from mlflow.entities import Metric, Param, Run, RunTag

from tuner.core.outcome import FinishedSweep, Winner
from tuner.tracking.client import make_client
from tuner.tracking.run_status import SWEEP_TAG, TEST_DATA_TAG, TRIAL_TAG, UID_TAG
from tuner.tracking.store import Store

COST_METRICS = {
    "parameters": "model_parameters",
    "flops": "model_flops",
    "bytes": "model_bytes",
    "train_seconds": "train_seconds",
}


def log_winner(uri: str, run_id: str, winner: Winner) -> None:
    """Writes the winner's parameters, test scores, cost and the test split's fingerprint to the sweep's run.

    The metrics have the time of the winner's epoch, so that writing them again adds nothing.
    """
    client, best = make_client(uri), winner.trial
    when = int(best.metrics.get(winner.epoch, best.metrics[best.best_epoch])["time"] * 1000)
    scores = {f"test_{name}": value for name, value in asdict(winner.scores).items()}
    values = {"best_val_accuracy": winner.val_accuracy} | scores
    values |= {metric: float(getattr(winner.cost, name)) for name, metric in COST_METRICS.items()}
    tags = {"tuner.best_trial": best.number, "tuner.best_epoch": winner.epoch, TEST_DATA_TAG: winner.test_data}
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, when, 0) for name, value in values.items()],
        params=[Param(name, str(value)) for name, value in best.parameters.items()],
        tags=[RunTag(name, str(value)) for name, value in tags.items()],
    )


_PAGE = 1000
_MOST_EXPERIMENTS = 100  # in one request


def finished_sweeps(store: Store) -> list[FinishedSweep]:
    """All finished sweeps, over all experiments."""
    client = make_client(store.uri)
    experiments = {e.experiment_id: e.name for e in _pages(client.search_experiments)}
    ids, found = list(experiments), "metrics.test_accuracy >= 0 and attributes.status = 'FINISHED'"
    runs: list[Run] = []
    for first in range(0, len(ids), _MOST_EXPERIMENTS):
        runs += _pages(client.search_runs, ids[first : first + _MOST_EXPERIMENTS], found)
    own = (run for run in runs if UID_TAG in run.data.tags and TRIAL_TAG not in run.data.tags)
    return [_read(run, experiments[run.info.experiment_id]) for run in own]


def count_trials(store: Store, sweep: FinishedSweep) -> int:
    """How many trials a sweep has started: fewer than requested if a time budget has stopped it."""
    client = make_client(store.uri)
    experiment = client.get_experiment_by_name(sweep.pair)
    mine = f"tags.`{UID_TAG}` = '{sweep.uid}'"
    runs = _pages(client.search_runs, [experiment.experiment_id], mine) if experiment else ()
    return sum(TRIAL_TAG in run.data.tags for run in runs)


def _pages(search: Callable[..., Any], *arguments: object) -> Iterator[Any]:
    """Everything that a search finds, page after page."""
    token = None
    while True:
        page = search(*arguments, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _read(run: Run, pair: str) -> FinishedSweep:
    tags, metrics = run.data.tags, run.data.metrics
    cost = {name: metrics.get(metric) for name, metric in COST_METRICS.items()}
    whole = {name: None if value is None else int(value) for name, value in cost.items() if name != "train_seconds"}
    return FinishedSweep(
        pair=pair,
        name=tags[SWEEP_TAG],
        uid=tags[UID_TAG],
        dataset=tags["tuner.dataset"],
        model=tags["tuner.model"],
        started=run.info.start_time / 1000,
        test_data=tags[TEST_DATA_TAG],
        accuracy=metrics["test_accuracy"],
        macro_f1=metrics["test_macro_f1"],
        roc_auc=metrics["test_roc_auc"],
        parameters=whole["parameters"],
        flops=whole["flops"],
        bytes=whole["bytes"],
        train_seconds=cost["train_seconds"],
        machine=_machine(json.loads(tags["tuner.machine"])),
    )


def _machine(tag: dict[str, Any]) -> str:
    cores = "1 CPU core" if tag["cpus"] == 1 else f"{tag['cpus']} CPU cores"
    return ", ".join([cores, *tag["gpus"]])
