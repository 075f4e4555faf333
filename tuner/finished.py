"""The finished sweeps that a tracking store knows, with the scores and the cost of their winners."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from tuner.registry import COST_METRICS, TEST_DATA_TAG
from tuner.source import Source
from tuner.store import Store
from tuner.tracking import SWEEP_TAG, TRIAL_TAG, UID_TAG

_PAGE = 1000
_MOST_EXPERIMENTS = 100  # in one request


@dataclass(frozen=True, kw_only=True)
class FinishedSweep:
    """A finished sweep, as its own MLflow run tells."""

    pair: str
    name: str
    uid: str
    dataset: str
    """A name, or FORMAT:PATH: see `source.Source.dataset`."""
    model: str
    started: float
    """Seconds since 1970."""
    test_data: str
    """The test split's fingerprint."""
    accuracy: float
    macro_f1: float
    roc_auc: float
    parameters: int | None
    """See `cost.Cost` for this and the next; None for a sweep of a version that did not measure it."""
    flops: int | None
    bytes: int | None
    train_seconds: float | None
    machine: str
    """What it ran on, such as `2 CPU cores` or `8 CPU cores, NVIDIA H200`."""

    @property
    def data(self) -> str:
        """The first half of the pair's name."""
        return Source(self.dataset).name


def finished_sweeps(store: Store) -> list[FinishedSweep]:
    """All finished sweeps, over all experiments."""
    client = MlflowClient(store.uri, store.uri)
    experiments = {e.experiment_id: e.name for e in _pages(client.search_experiments)}
    ids, found = list(experiments), "metrics.test_accuracy >= 0 and attributes.status = 'FINISHED'"
    runs: list[Run] = []
    for first in range(0, len(ids), _MOST_EXPERIMENTS):
        runs += _pages(client.search_runs, ids[first : first + _MOST_EXPERIMENTS], found)
    own = (run for run in runs if UID_TAG in run.data.tags and TRIAL_TAG not in run.data.tags)
    return [_read(run, experiments[run.info.experiment_id]) for run in own]


def count_trials(store: Store, sweep: FinishedSweep) -> int:
    """How many trials a sweep has begun: a time budget may have ended it before the number that was asked for."""
    client = MlflowClient(store.uri, store.uri)
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
