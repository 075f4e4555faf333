"""The winner of a finished sweep, written to its run in MLflow. `finished_sweeps` reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

from tuner.core.confirmation import Confirmation
from tuner.core.outcome import Winner
from tuner.core.records import Value
from tuner.core.score_text import class_name
from tuner.core.scores import Difference, TestScores
from tuner.tracking.client import make_client
from tuner.tracking.run_status import BEST_TRIAL_TAG, MOST_CHARACTERS, PAIR_TAG, TEST_DATA_TAG
from tuner.tracking.score_tags import own_tags

COST_METRICS = {
    "parameters": "model_parameters",
    "flops": "model_flops",
    "bytes": "model_bytes",
    "train_seconds": "train_seconds",
}
BASE_CLASS_TAG = "tuner.base_class"
TESTED_METRIC = "confirm_tested"  # how many of the models that confirm the winner were tested
EARLIER_METRIC = "earlier_tested"  # see `Winner.tested_before`
SEEDS_METRIC = "confirm_seeds"
PARAMETERS_TAG = "tuner.best_parameters"  # as JSON: MLflow never changes a run's parameters, and a winner may change


def log_winner(uri: str, run_id: str, winner: Winner, pair: str) -> None:
    """Writes the winner's pair, parameters, test scores, cost and the test split's fingerprint to the sweep's run.

    The metrics have the time of the winner's epoch, and as step the number of models of the sweep that were tested
    before: MLflow shows those of the last step. Writing them again adds nothing.
    """
    client, best = make_client(uri), winner.trial
    when = int(best.metrics.get(winner.epoch, best.metrics[best.best_epoch])["time"] * 1000)
    scores = {f"test_{name}": value for name, value in winner.scores.numbers().items()}
    values = {f"best_{name}": value for name, value in winner.deciding.items()}
    kind = winner.scores.kind
    values |= {f"best_{kind.val_score}": winner.val_score, "test_looks": float(winner.test_looks)} | scores
    values |= {} if winner.val_luck is None else {"best_val_luck": winner.val_luck}
    values |= _numbers("val_excess", winner.val_excess)
    if winner.default:
        values |= _numbers("default_difference", winner.default.difference)
        values["default_registered"] = float(winner.default.registered)
        values |= {} if winner.default.better is None else {"default_beaten": float(winner.default.better)}
    for baseline in winner.baselines or ():
        values[f"baseline_{baseline.key}_{baseline.difference.of}"] = baseline.score
        values |= _numbers(f"baseline_{baseline.key}_difference", baseline.difference)
    values |= {metric: float(getattr(winner.cost, name)) for name, metric in COST_METRICS.items()}
    if winner.tested_before:
        values[EARLIER_METRIC] = float(winner.tested_before)
        if winner.confirm is None:  # what an earlier winner's confirmation has left counts no more
            values |= {SEEDS_METRIC: 0.0, TESTED_METRIC: 0.0}
    tags = {BEST_TRIAL_TAG: best.number, "tuner.best_epoch": winner.epoch, TEST_DATA_TAG: winner.test_data}
    tags[PAIR_TAG] = pair
    tags[PARAMETERS_TAG] = json.dumps(best.parameters)[:MOST_CHARACTERS]
    if isinstance(winner.scores, TestScores) and winner.scores.base_class is not None:
        tags[BASE_CLASS_TAG] = class_name(winner.scores.base_class)  # MLflow takes no tag of any length
    if winner.threshold and winner.threshold.used:
        values["threshold"] = winner.threshold.value
    if winner.refit:
        values["refit_samples"] = float(winner.refit.samples)
    tags |= own_tags(winner.validation) if winner.validation else {}
    known = client.get_run(run_id)
    client.log_batch(
        run_id,
        metrics=_new_metrics(client, known, values, when, winner.tested_before),
        params=_new_params(known, best.parameters),
        tags=[RunTag(name, str(value)) for name, value in tags.items()],
    )
    if winner.finalists:
        _log_finalists(client, run_id, winner, when)
    if winner.confirm:
        _log_confirmation(client, run_id, winner.confirm, winner.tested_before)


def _numbers(name: str, difference: Difference | None) -> dict[str, float]:
    """A difference with its interval; nothing where it is not known."""
    if difference is None:
        return {}
    low, high = difference.interval
    return {name: difference.size, f"{name}_low": low, f"{name}_high": high}


def _new_metrics(client: MlflowClient, run: Run, values: Mapping[str, float], when: int, step: int) -> list[Metric]:
    """Those that have changed. Where one has an earlier value of the same step, the new one is a little later.

    MLflow cannot log a model to a run in which two values of a metric have the same time.
    """
    metrics = []
    for name, value in values.items():
        history = client.get_metric_history(run.info.run_id, name) if name in run.data.metrics else []
        same = [metric for metric in history if metric.step == step]
        last = max(same, key=lambda metric: metric.timestamp, default=None)
        if last is None or last.value != value:
            metrics.append(Metric(name, value, max(when, last.timestamp + 1) if last else when, step))
    return metrics


def _new_params(run: Run, parameters: Mapping[str, Value]) -> list[Param]:
    """None when the run has those of an earlier winner."""
    new = {name: str(value) for name, value in parameters.items()}
    same = run.data.params.items() <= new.items()
    return [Param(name, value) for name, value in new.items()] if same else []


def _log_confirmation(client: MlflowClient, run_id: str, found: Confirmation, step: int) -> None:
    """The metrics have the time of the last training, so that those of more seeds later take their place."""
    when, spreads = int(found.finished * 1000), {f"test_{name}": spread for name, spread in found.test.items()}
    if found.score:
        spreads[found.metric] = found.score
    values = {SEEDS_METRIC: float(len(found.seeds))}
    values |= {TESTED_METRIC: float(found.looks)} if found.looks or step else {}
    for name, spread in spreads.items():
        values[f"{name}_mean"] = spread.mean
        if spread.sd is not None and spread.interval is not None:
            values |= {f"{name}_sd": spread.sd, f"{name}_mean_low": spread.interval.low}
            values[f"{name}_mean_high"] = spread.interval.high
    client.log_batch(run_id, metrics=[Metric(name, value, when, step) for name, value in values.items()])


def _log_finalists(client: MlflowClient, run_id: str, winner: Winner, when: int) -> None:
    """Mean and deviation of each finalist over the other seeds, such as `finalist_4_val_accuracy_mean`."""
    found = winner.finalists
    assert found is not None
    values = {"finalists": float(len(found.trials))}
    for each in found.trials:
        if each.score is not None:
            name = f"finalist_{each.trial}_{found.objective}"
            values[f"{name}_mean"] = each.score.mean
            values |= {} if each.score.sd is None else {f"{name}_sd": each.score.sd}
    metrics = _new_metrics(client, client.get_run(run_id), values, when, winner.tested_before)
    client.log_batch(run_id, metrics=metrics)
