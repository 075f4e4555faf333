"""The winner of a sweep of a user's own code in MLflow: its scores, its state as an artifact, and a registered version.

A version is the champion when it is the best by its objective among the versions that go by the same one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from tuner.core.config import SweepConfig
from tuner.core.own_winner import OwnModel, OwnWinner
from tuner.tracking.client import make_client
from tuner.tracking.retry import retried_uploads
from tuner.tracking.run_status import BEST_TRIAL_TAG, MOST_CHARACTERS, SWEEP_TAG, UID_TAG
from tuner.tracking.versions import Version, Versions

OBJECTIVE_TAG, SCORE_TAG, CODE_TAG = "tuner.objective", "tuner.score", "tuner.code"
PARAMETERS_TAG, EPOCH_TAG = "tuner.best_parameters", "tuner.best_epoch"
ARTIFACTS = "winner"


def log_own_winner(uri: str, run_id: str, winner: OwnWinner, model: Path) -> None:
    """Writes the winner's parameters and scores to the sweep's run, and the files in `model` to its artifacts.

    Writing them again adds nothing.
    """
    client = make_client(uri)
    known, best = client.get_run(run_id), winner.trial
    when = int(best.metrics[best.best_epoch]["time"] * 1000)
    scores = {f"best_{name}": value for name, value in winner.scores.items()}
    new = {name: value for name, value in scores.items() if known.data.metrics.get(name) != value}
    parameters = {name: str(value) for name, value in best.parameters.items()}
    same = known.data.params.items() <= parameters.items()
    tags: dict[str, object] = {BEST_TRIAL_TAG: best.number, EPOCH_TAG: winner.epoch}
    tags[PARAMETERS_TAG] = json.dumps(best.parameters)[:MOST_CHARACTERS]
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, when, 0) for name, value in new.items()],
        params=[Param(name, value) for name, value in parameters.items()] if same else [],
        tags=[RunTag(name, str(value)) for name, value in tags.items()],
    )
    if model.is_dir():
        with retried_uploads():
            client.log_artifacts(run_id, str(model), _artifacts(winner))


def _artifacts(winner: OwnWinner) -> str:
    """Their folder: a version keeps its own, also when the sweep grows and has another winner."""
    return f"{ARTIFACTS}/trial-{winner.trial.number}-epoch-{winner.epoch}"


def register_own(uri: str, run_id: str, config: SweepConfig, winner: OwnWinner) -> OwnModel:
    """Registers the artifacts as a version of the model that has the code's name. A second call changes nothing."""
    client, name = make_client(uri), config.pair
    versions = Versions(uri, name)
    own = next((each for each in versions.all() if _is_of(each.tags, config, winner)), None)
    score = winner.trial.score
    if own is None:
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        tags = {
            SWEEP_TAG: config.name,
            UID_TAG: config.uid,
            BEST_TRIAL_TAG: str(winner.trial.number),
            EPOCH_TAG: str(winner.epoch),
            OBJECTIVE_TAG: config.goal.objective_text,
            SCORE_TAG: repr(score),
            CODE_TAG: str((config.program or {}).get("digest", "")),
        }
        source = f"{client.get_run(run_id).info.artifact_uri}/{_artifacts(winner)}"
        client.create_model_version(name, source, run_id, tags=tags)
        own = next(each for each in versions.all() if _is_of(each.tags, config, winner))
    champion, note = _crown(versions, own, config)
    return OwnModel(uri=f"models:/{name}/{own.number}", champion=champion, note=note)


def best_own(versions: Sequence[Version], config: SweepConfig) -> Version | None:
    """The best of these versions by the sweep's objective; None where none goes by it. Of equals the earliest."""
    same = [version for version in versions if version.tags.get(OBJECTIVE_TAG) == config.goal.objective_text]
    return max(same, key=lambda each: (config.goal.first.gain(float(each.tags[SCORE_TAG])), -each.number), default=None)


def _is_of(tags: Mapping[str, str], config: SweepConfig, winner: OwnWinner) -> bool:
    own = {UID_TAG: config.uid, BEST_TRIAL_TAG: str(winner.trial.number), EPOCH_TAG: str(winner.epoch)}
    return own.items() <= tags.items()


def _crown(versions: Versions, own: Version, config: SweepConfig) -> tuple[bool, str]:
    """Makes the version the champion if it is the best. Returns whether it is, and how it compares."""
    first, metric = config.goal.first, config.goal.first.metric
    number = versions.champion()
    score = float(own.tags[SCORE_TAG])
    if number is None or number == own.number:
        versions.set_champion(own.number)
        return True, f"{metric.name} {metric.text(score)}, the first one" if number is None else "as before"
    before = next((each for each in versions.all() if each.number == number), None)
    if before is None or before.tags.get(OBJECTIVE_TAG) != config.goal.objective_text:
        return (
            False,
            f"version {number} is the champion, by another objective: tuner promote {versions.model}/{own.number}",
        )
    other = float(before.tags[SCORE_TAG])
    told = f"{metric.name} {metric.text(score)}, and {metric.text(other)} of version {number}"
    if first.gain(score) <= first.gain(other):
        return False, f"{told}, which stays the champion"
    versions.set_champion(own.number)
    return True, f"{told}, the champion before"
