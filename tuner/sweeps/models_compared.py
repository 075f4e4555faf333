"""How the winner of a sweep of several models compares with the best trial of each other model."""

from __future__ import annotations

from dataclasses import replace

from tuner.core.config import SweepConfig
from tuner.core.models_compared import AgainstModel, best_of_models, by_model
from tuner.core.own_code import title
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Splits
from tuner.search.study import Study
from tuner.sweeps.choice import MissingError, predicted
from tuner.training.answers import compare
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.classifier import build_classifier, parameter_count
from tuner.training.hyperparameters import split_parameters

NOTED = "models"  # what the study remembers, so that a resumed sweep tells the same


def compare_models(
    config: SweepConfig,
    study: Study,
    winner: TrialRecord,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    splits: Splits,
) -> tuple[AgainstModel, ...]:
    """The best trial of each other model; nothing for a sweep of one.

    Both answer for the same validation samples. A comparison is made once, and noted in the study.

    Raises:
        SweepError: the storage of the checkpoints does not answer.
    """
    if not config.several:
        return ()
    records, own = study.records(), title(config.model_of(winner.parameters))
    trials = {name: sum(each.feasible for each in found) for name, found in by_model(config, records).items()}
    others = {name: best for name, best in best_of_models(config, records).items() if name != own}
    key = [[winner.number, winner.epoch], *([each.number, each.epoch] for each in others.values())]
    noted = study.noted(NOTED) or {}
    if noted.get("of") == key:
        return tuple(map(AgainstModel.from_json, noted["found"]))
    found = []
    for name, best in others.items():
        _, arguments = split_parameters(config.model, best.parameters)
        weights = parameter_count(build_classifier(splits.spec, config.model_of(best.parameters), arguments))
        new = AgainstModel(model=name, trial=best.number, trials=trials[name], parameters=weights)
        found.append(_compared(new, config, winner, best, folder, storage, splits))
    study.note(NOTED, {"of": key, "found": [each.to_json() for each in found]})
    return tuple(found)


def _compared(
    new: AgainstModel,
    config: SweepConfig,
    winner: TrialRecord,
    best: TrialRecord,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    splits: Splits,
) -> AgainstModel:
    if not config.goal.by_score:
        label = config.goal.kind.label
        return replace(new, missing=f"the sweep goes by {config.goal.objective_text}, not by {label}")
    try:
        first, second = (predicted(config, each, folder, storage, splits).numpy() for each in (winner, best))
    except MissingError as reason:
        return replace(new, missing=str(reason))
    return replace(new, difference=compare(splits.whole_validation.targets.numpy(), first, second))
