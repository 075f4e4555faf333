"""The versions of a pair's registered model: their scores, and the alias `champion` on one of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from tuner.core.errors import TunerError, one_line
from tuner.core.identity import DataIdentity
from tuner.core.validation import Validation
from tuner.tracking.client import make_client
from tuner.tracking.retry import ABSENT, ignore_absence, ignore_refusal, is_transient, retried_uploads
from tuner.tracking.run_status import IDENTITY_TAG, SWEEP_TAG, UID_TAG
from tuner.tracking.score_tags import score_tag

CHAMPION = "champion"
BY_HAND_TAG = "tuner.set_by_hand"  # the newest version when a user set the champion, and perhaps `keep`
_KEEP = "keep"
_FILES = "artifacts"  # the folder of a logged model with what it was given
_MOST_MODELS = 1000


class MissingModelError(TunerError):
    """The files of a version are gone."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a registered model."""

    model: str
    number: int
    run_id: str
    """The run of the sweep that made it."""
    tags: Mapping[str, str]
    created: int
    """Milliseconds since 1970."""

    @property
    def sweep(self) -> str:
        """The name of the sweep that made it; empty for one that tuner has not registered."""
        return self.tags.get(SWEEP_TAG, "")

    @property
    def uid(self) -> str:
        """The unique id of that sweep."""
        return self.tags.get(UID_TAG, "")

    @property
    def by_hand(self) -> tuple[int, bool] | None:
        """The newest version when a user made this one the champion, and whether to keep it; None if nobody did."""
        words = self.tags.get(BY_HAND_TAG, "").split()
        return (int(words[0]), _KEEP in words) if words and words[0].isdecimal() else None


class Versions:
    """The versions of one registered model."""

    def __init__(self, uri: str, model: str) -> None:
        self._client, self._uri, self.model = make_client(uri), uri, model

    def all(self) -> list[Version]:
        """All of them, oldest first; none when there is no such model."""
        found = [_read(each) for each in self._client.search_model_versions(f"name = '{self.model}'")]
        return sorted(found, key=lambda version: version.number)

    def one(self, number: int) -> Version | None:
        """The version with this number; None where there is none."""
        try:
            return _read(self._client.get_model_version(self.model, str(number)))
        except MlflowException as error:
            if error.error_code not in ABSENT:
                raise
            return None

    def champion(self) -> int | None:
        """The number of the champion."""
        return self.of_alias(CHAMPION)

    def of_alias(self, alias: str) -> int | None:
        """The number of the version that has this alias; None where none has it."""
        try:
            return int(self._client.get_model_version_by_alias(self.model, alias).version)
        except MlflowException as error:
            if error.error_code not in ABSENT:
                raise
            return None

    def set_champion(self, number: int) -> None:
        """Moves the alias."""
        self._client.set_registered_model_alias(self.model, CHAMPION, str(number))

    def clear_champion(self) -> None:
        """Takes the alias away."""
        with ignore_absence():
            self._client.delete_registered_model_alias(self.model, CHAMPION)

    def delete(self, number: int) -> None:
        """Deletes a version. The files that it was made of stay."""
        with ignore_absence():
            self._client.delete_model_version(self.model, str(number))

    def delete_model(self) -> None:
        """Deletes the registered model with all its versions."""
        with ignore_absence():
            self._client.delete_registered_model(self.model)

    def note_score(self, number: int, score: Validation) -> None:
        """Adds a score to the version's tags, unless MLflow refuses it: then it is scored again the next time."""
        with ignore_refusal():
            self._client.set_model_version_tag(self.model, str(number), *score_tag(score))

    def set_by_hand(self, number: int, *, keep: bool) -> None:
        """Makes a version the champion, and notes that a user did so. No other version has that note."""
        versions = self.all()
        newest = max(version.number for version in versions)
        note = f"{newest} {_KEEP}" if keep else str(newest)
        self._client.set_model_version_tag(self.model, str(number), BY_HAND_TAG, note)
        for version in versions:
            if BY_HAND_TAG in version.tags and version.number != number:
                self._client.delete_model_version_tag(self.model, str(version.number), BY_HAND_TAG)
        self.set_champion(number)

    def tags_of_run(self, version: Version) -> Mapping[str, str]:
        """The tags of the run that made it; none when the run is gone."""
        try:
            return dict(self._client.get_run(version.run_id).data.tags)
        except MlflowException as error:
            if is_transient(error):
                raise
            return {}

    def download(self, version: Version, folder: Path) -> Path:
        """Fetches the files of `saved_model.save_model` into `folder`, without the code beside them.

        Raises:
            MissingModelError: they are gone, or it is no model of tuner.
            TunerError: they cannot be fetched, and it is not known why.
            Exception: MLflow does not answer, for now.
        """
        try:
            with retried_uploads():
                fetched = _fetch(self._uri, f"models:/{self.model}/{version.number}/{_FILES}", folder)
        except Exception as error:
            if is_transient(error):
                raise
            there = mlflow.artifacts.list_artifacts(artifact_uri=f"models:/{self.model}/{version.number}")
            if not any(Path(each.path).name == _FILES for each in there):
                raise MissingModelError("has lost its files") from None
            raise TunerError(one_line(error)) from None
        if not any(path.is_file() for path in fetched.rglob("*")):
            raise MissingModelError("has lost its files")
        return fetched


def registered_models(uri: str) -> dict[str, int | None]:
    """The names of the registered models, each with the number of its champion if it has one."""
    client = make_client(uri)
    found: dict[str, int | None] = {}
    token = None
    while True:
        page = client.search_registered_models(max_results=_MOST_MODELS, page_token=token)
        for model in page:
            number = (model.aliases or {}).get(CHAMPION)
            found[model.name] = None if number is None else int(number)
        token = page.token
        if not token:
            return found


def versions_of_sweep(uri: str, sweep: str) -> list[Version]:
    """The versions, of all models, that sweeps of this name have made, oldest first."""
    return _tagged(uri, SWEEP_TAG, sweep)


def versions_of_uid(uri: str, uid: str) -> list[Version]:
    """The versions, of all models, that the sweep with this unique id has made, oldest first."""
    return _tagged(uri, UID_TAG, uid)


def _tagged(uri: str, tag: str, value: str) -> list[Version]:
    found = [_read(each) for each in make_client(uri).search_model_versions(f"tags.`{tag}` = '{value}'")]
    return sorted(found, key=lambda version: version.number)


def download_model(uri: str, model_uri: str, folder: Path) -> Path:
    """Fetches a registered model into `folder`. Raises TunerError when there is none."""
    try:
        return _fetch(uri, model_uri, folder)
    except (MlflowException, OSError) as error:
        raise TunerError(f"{model_uri}: {one_line(error)}") from None


def _fetch(uri: str, model_uri: str, folder: Path) -> Path:
    """Fetches a registered model into `folder`. Raises what MLflow raises."""
    with _left_as_it_was("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):  # it would be taken for what a user has set
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=str(folder)))


@contextmanager
def _left_as_it_was(*names: str) -> Iterator[None]:
    """Variables of the environment that have their values of before at the end."""
    before = {name: os.environ[name] for name in names if name in os.environ}
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


def _read(version: ModelVersion) -> Version:
    return Version(
        model=version.name,
        number=int(version.version),
        run_id=version.run_id or "",
        tags=dict(version.tags),
        created=int(version.creation_timestamp or 0),
    )


def identities(uri: str, data: str) -> list[tuple[Version, DataIdentity]]:
    """The user's own data that versions named `data`-MODEL were trained on, as far as they tell, oldest first."""
    names = [name for name in registered_models(uri) if name.rpartition("-")[0] == data]
    found = []
    for version in (version for name in names for version in Versions(uri, name).all()):
        try:
            identity = DataIdentity.from_json(json.loads(version.tags[IDENTITY_TAG]))
        except (KeyError, ValueError, TypeError):
            continue
        found.append((version, identity))
    return sorted(found, key=lambda each: each[0].created)
