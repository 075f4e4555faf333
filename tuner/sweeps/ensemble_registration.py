"""An ensemble or a soup of a sweep as a registered model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tuner.core.ensemble import ENSEMBLE_SUFFIX, SOUP_SUFFIX, Mixture
from tuner.core.errors import TunerError
from tuner.core.outcome import RegisteredModel
from tuner.core.units import counted
from tuner.data.encoding import to_raw
from tuner.sweeps.champion_alias import crown
from tuner.sweeps.ensemble_pool import EnsembleSources
from tuner.sweeps.registration import EXAMPLES
from tuner.tracking.registry import Candidate
from tuner.tracking.retry import error_cause, is_mlflow_error
from tuner.tracking.run_tags import identity_tags
from tuner.tracking.score_tags import own_tags
from tuner.tracking.store import Store
from tuner.training.answers import load_predictions
from tuner.training.open_model import open_model
from tuner.training.validation import score_validation

Tell = Callable[[str], object]
_NAMES = {"ensemble": ENSEMBLE_SUFFIX, "soup": SOUP_SUFFIX}


def registered(mixture: Mixture, sources: EnsembleSources, tell: Tell) -> Mixture:
    """With its registered model; without one where MLflow does not answer, or has not got the single winner."""
    try:
        return replace(mixture, model=_register(mixture, sources))
    except Exception as error:
        if not isinstance(error, TunerError) and not is_mlflow_error(error):
            raise
        why = str(error) if isinstance(error, TunerError) else error_cause(error)
        tell(f"the {mixture.kind} is not registered: {why}; to do it later: tuner ensemble {sources.config.name}")
        return mixture


def _register(mixture: Mixture, sources: EnsembleSources) -> RegisteredModel:
    from tuner.tracking.ensembles import register_mixture  # noqa: PLC0415 - imports MLflow
    from tuner.tracking.versions import Versions, versions_of_uid  # noqa: PLC0415

    config, folder, splits = sources.config, sources.folder, sources.splits
    store = Store.of(folder.home)
    store.check()
    winner = next(iter(versions_of_uid(store.uri, config.uid)), None)
    if winner is None:
        raise TunerError(f"the winner of {config.name} is not registered either (tuner sync {config.name})")
    name = f"{config.pair_of(sources.winner.trial.parameters)}{_NAMES[mixture.kind]}"
    place = folder.path / mixture.folder
    validation = score_validation(place, splits, chosen_of=max(1, len(sources.records)))
    assert mixture.test is not None
    _, data = open_model(place)
    candidate = Candidate(
        name=name,
        sweep=config.name,
        uid=config.uid,
        run_id=winner.run_id,
        folder=place,
        data=data,
        example=to_raw(data, load_predictions(folder.path).inputs[:EXAMPLES]),
        score=mixture.test.main,
        test_data=sources.winner.test_data,
        tags=own_tags(validation) | identity_tags(config),
        trial=f"{mixture.kind} of {' '.join(f'{each.share:.3f}x{each.key}' for each in mixture.members)}",
        description=f"The {mixture.kind} of {counted(len(mixture.members), 'model')} of the sweep {config.name}.",
    )
    register_mixture(store.uri, candidate, mixture)
    return crown(Versions(store.uri, name), config.uid, config.data, lambda: splits)
