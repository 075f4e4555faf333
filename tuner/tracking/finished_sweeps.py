"""Finished sweeps, as their runs in MLflow tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import nan
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from tuner.core.finished_sweep import FinishedSweep
from tuner.core.library_names import title
from tuner.core.scores import Interval, NumberScores, TestScores, read_scores
from tuner.core.target_kind import CLASSES, NUMBERS
from tuner.tracking.client import make_client, pages
from tuner.tracking.run_status import PAIR_TAG, SWEEP_TAG, TEST_DATA_TAG, TRIAL_TAG, UID_TAG
from tuner.tracking.run_tags import config_in
from tuner.tracking.score_tags import own_score
from tuner.tracking.store import Store
from tuner.tracking.winners import BASE_CLASS_TAG, COST_METRICS, EARLIER_METRIC, TESTED_METRIC


def tested_on(uri: str, pair: str, test_data: str) -> dict[str, int]:
    """The sweeps that tested models of this pair on this test split.

    Returns how many models each has tested, by its unique id.
    """
    client = make_client(uri)
    same = f"tags.`{TEST_DATA_TAG}` = '{test_data}' and"
    return {
        run.data.tags[UID_TAG]: 1 + _tested(run.data.metrics)
        for tested in _TESTED
        for run, experiment in _found(client, f"{same} {tested}")
        if UID_TAG in run.data.tags and run.data.tags.get(PAIR_TAG, experiment) == pair
    }


def _tested(metrics: Mapping[str, float]) -> int:
    """How many models of a sweep were tested besides its winner."""
    return int(metrics.get(TESTED_METRIC, 0)) + int(metrics.get(EARLIER_METRIC, 0))


_MOST_EXPERIMENTS = 100  # in one request
_TESTED = ("metrics.test_accuracy >= 0", "metrics.test_rmse >= 0")  # of a sweep whose winner was tested


def finished_sweeps(store: Store) -> list[FinishedSweep]:
    """All finished sweeps, over all experiments."""
    client, ended = make_client(store.uri), "attributes.status = 'FINISHED'"
    runs = (found for tested in _TESTED for found in _found(client, f"{tested} and {ended}"))
    own = ((run, name) for run, name in runs if UID_TAG in run.data.tags and TRIAL_TAG not in run.data.tags)
    return [_read(run, experiment) for run, experiment in own]


def _found(client: MlflowClient, query: str) -> Iterator[tuple[Run, str]]:
    """The runs that a query finds in all experiments, each with the name of its experiment."""
    experiments = {e.experiment_id: e.name for e in pages(client.search_experiments)}
    ids = list(experiments)
    for first in range(0, len(ids), _MOST_EXPERIMENTS):
        for run in pages(client.search_runs, ids[first : first + _MOST_EXPERIMENTS], query):
            yield run, experiments[run.info.experiment_id]


def count_trials(store: Store, sweep: FinishedSweep) -> int:
    """How many trials a sweep has started: fewer than requested if a time budget has stopped it."""
    client = make_client(store.uri)
    experiment = client.get_experiment_by_name(sweep.experiment or sweep.pair)
    mine = f"tags.`{UID_TAG}` = '{sweep.uid}'"
    runs = pages(client.search_runs, [experiment.experiment_id], mine) if experiment else ()
    return sum(run.data.tags.get(TRIAL_TAG, "").isdecimal() for run in runs)  # not those that confirm a trial


def _read(run: Run, experiment: str) -> FinishedSweep:
    tags, metrics = run.data.tags, run.data.metrics
    cost = {name: metrics.get(metric) for name, metric in COST_METRICS.items()}
    scores = _scores(metrics, tags)
    whole = {name: None if value is None else int(value) for name, value in cost.items() if name != "train_seconds"}
    pair, models = tags.get(PAIR_TAG, experiment), tags["tuner.model"]
    own = title(models)  # of several models the winner's
    model = models if pair == experiment else pair.removeprefix(f"{experiment.removesuffix(f'-{own}')}-")
    return FinishedSweep(
        pair=pair,
        experiment=experiment,
        name=tags[SWEEP_TAG],
        uid=tags[UID_TAG],
        dataset=tags["tuner.dataset"],
        model=model,
        started=run.info.start_time / 1000,
        test_data=tags[TEST_DATA_TAG],
        scores=scores,
        parameters=whole["parameters"],
        flops=whole["flops"],
        bytes=whole["bytes"],
        train_seconds=cost["train_seconds"],
        machine=_machine(json.loads(tags["tuner.machine"])),
        val_score=metrics.get(f"best_{scores.kind.val_score}"),
        limit=limit if isinstance(limit := config_in(tags).get("limit"), int) else None,
        validation=own_score(tags),
        tested=_tested(metrics),
    )


def _scores(metrics: Mapping[str, float], tags: Mapping[str, str]) -> TestScores | NumberScores:
    """The scores on the test split."""
    kind = NUMBERS if f"test_{NUMBERS.score}" in metrics else CLASSES
    found: dict[str, Any] = {name.removeprefix("test_"): value for name, value in metrics.items()}
    found |= {f"{name}_interval": _interval(metrics, f"test_{name}") for name in kind.tested}
    found["samples"] = None if (samples := metrics.get("test_samples")) is None else int(samples)
    found["base_class"] = tags.get(BASE_CLASS_TAG)
    found.setdefault("loss", nan)  # the first versions did not write it
    return read_scores(found)


def _interval(metrics: Mapping[str, float], name: str) -> Interval | None:
    """None for a sweep of an earlier version."""
    low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    return None if low is None or high is None else Interval(low, high)


def _machine(tag: dict[str, Any]) -> str:
    cores = "1 CPU core" if tag["cpus"] == 1 else f"{tag['cpus']} CPU cores"
    return ", ".join([cores, *tag["gpus"]])
