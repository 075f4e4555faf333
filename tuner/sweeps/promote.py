"""`tuner promote`: a user makes a model the champion of its pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.ensemble import is_derived
from tuner.core.errors import TunerError, unknown
from tuner.core.sweep_folder import sweep_names
from tuner.core.validation_text import base_remark
from tuner.sweeps.model_lookup import REGISTRY, store_with_models
from tuner.tracking.retry import error_cause, is_mlflow_error
from tuner.tracking.score_tags import own_score
from tuner.tracking.store import Store
from tuner.tracking.versions import Versions, registered_models, versions_of_sweep


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """What `promote` has done."""

    model: str
    """The registered model: the pair's name."""
    version: int
    before: int | None
    """The champion until now; None if there was none."""
    sweep: str
    """The name of the sweep that made it."""
    remark: str
    """What a user should know of it, such as that it is not better than its base; empty for nothing."""


def promote(name: str, home: Path, *, keep: bool) -> Promoted:
    """Gives the alias `champion` to MODEL/VERSION, or to the model of a sweep, and notes that a user did so.

    The champion stays until a model that comes later is better; with `keep` it stays until the next `promote`.

    Raises:
        TunerError: there is no such model or version, the name of a sweep stands for several models, or MLflow does not
            answer.
    """
    store = store_with_models(home)
    if store is None:
        raise TunerError(f"{name}: there are no models in {home} yet: start with tuner sweep, or set TUNER_HOME")
    try:
        model, number = _find(name.removeprefix(REGISTRY), store, home)
        return _promote(store, model, number, keep=keep)
    except Exception as error:
        if not is_mlflow_error(error):
            raise
        raise TunerError(f"MLflow did not make {name} the champion: {error_cause(error)}") from None


def _find(name: str, store: Store, home: Path) -> tuple[str, int]:
    """The registered model and the version that are meant."""
    model, slash, number = name.partition("/")
    if slash:
        models = registered_models(store.uri)
        if model not in models:
            raise unknown("model", model, models) if models else TunerError(f"there are no models at {store.address}")
        numbers = [str(version.number) for version in Versions(store.uri, model).all()]
        if number not in numbers:
            raise TunerError(f"{model} has no version '{number}': choose one of {', '.join(numbers)}")
        return model, int(number)
    own = SweepConfig.load(home / name).uid if name in sweep_names(home) else None
    every = versions_of_sweep(store.uri, name)
    newest = {(each.model, each.uid or each.number): each for each in every}  # a sweep that grew may have several
    found = [each for each in newest.values() if own in (None, each.uid) and not is_derived(each.model)]
    if len(found) == 1:
        return found[0].model, found[0].number
    if found:
        choices = " or ".join(f"{each.model}/{each.number}" for each in found)
        raise TunerError(f"{name} is the name of several sweeps: give {choices}")
    if own:
        raise TunerError(
            f"the sweep {name} has no registered model: finish it with tuner resume, or send it: tuner sync"
        )
    models = registered_models(store.uri)
    if name in models:
        numbers = [f"{name}/{version.number}" for version in Versions(store.uri, name).all()]
        raise TunerError(f"{name} is a pair: give a version of it: {', '.join(numbers)}")
    raise unknown("sweep, or MODEL/VERSION,", name, [*sweep_names(home), *models])


def _promote(store: Store, model: str, number: int, *, keep: bool) -> Promoted:
    versions = Versions(store.uri, model)
    before = versions.champion()
    version = next(each for each in versions.all() if each.number == number)
    versions.set_by_hand(number, keep=keep)
    score = own_score(version.tags)
    remark = f"version {number} is {base_remark(score)}" if score and not score.better else ""
    return Promoted(model=model, version=number, before=before, sweep=version.sweep, remark=remark)
