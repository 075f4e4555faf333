"""Chooses an ensemble and a soup of a sweep's models on validation samples; saves and tests those that are kept."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tuner.core.ensemble import Gain, Mixture, Picked
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Splits, strata
from tuner.sweeps.ensemble_pool import PoolModel, answers_of
from tuner.training.answers import compare, load_predictions, score_outputs
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.ensemble_model import Part, save_ensemble
from tuner.training.ensemble_selection import crossed, gain_of, losses_of, make_folds, mix, said, select
from tuner.training.latency import latencies_ms
from tuner.training.open_model import open_model
from tuner.training.saved_model import save_model
from tuner.training.score_error import Floats
from tuner.training.soup import average_weights, greedy_soup
from tuner.training.training_range import training_range

SOUP_FOLDS = 2  # each mixture of weights needs a pass over the validation split


def choose_ensemble(pool: Sequence[PoolModel], splits: Splits, size: int) -> Mixture:
    """The ensemble of at most `size` models; the first of the pool is the single winner."""
    data, whole = splits.spec, splits.whole_validation
    targets, answers = whole.targets.numpy(), np.stack([each.answers for each in pool])
    losses, every = losses_of(data, targets), np.ones(len(targets), dtype=bool)
    weights = select(answers, losses, size, every)
    members = [
        Picked(key=pool[place].key, model=pool[place].title, share=float(weights[place]))
        for place in sorted(range(len(pool)), key=lambda place: -weights[place])
        if weights[place]
    ]
    if len(members) == 1:
        return Mixture(kind="ensemble", members=tuple(members), gain=None, samples=len(targets))
    mixed = crossed(lambda chosen_on: mix(answers, select(answers, losses, size, chosen_on)), _folds(splits, 10))
    gain = gain_of(data, targets, answers[0], mixed, mix(answers, weights))
    return Mixture(kind="ensemble", members=tuple(members), gain=gain, samples=len(targets))


def soup_pool(pool: Sequence[PoolModel]) -> list[PoolModel]:
    """The models whose weights can be averaged with those of the winner, which is the first; none without others."""
    alike = [each for each in pool if each.mixes_with(pool[0])]
    return alike if len(alike) > 1 else []


def choose_soup(
    pool: Sequence[PoolModel], splits: Splits, outputs_of: Callable[[Classifier], Floats]
) -> tuple[Mixture, tuple[int, ...]]:
    """The greedy soup, and the places of its members. `outputs_of` gives a model's answers for validation samples."""
    data, whole = splits.spec, splits.whole_validation
    targets = whole.targets.numpy()
    losses, every = losses_of(data, targets), np.ones(len(targets), dtype=bool)
    known: dict[tuple[int, ...], Floats] = {(place,): each.answers for place, each in enumerate(pool)}

    def answers(places: tuple[int, ...]) -> Floats:
        if places not in known:
            known[places] = outputs_of(soup_of(pool, places))
        return known[places]

    def choose(chosen_on: NDArray[np.bool_]) -> Floats:
        return answers(greedy_soup(len(pool), answers, losses, chosen_on))

    places = greedy_soup(len(pool), answers, losses, every)
    members = tuple(Picked(key=pool[place].key, model=pool[place].title, share=1 / len(places)) for place in places)
    gain: Gain | None = None
    if len(members) > 1:
        mixed = crossed(choose, _folds(splits, SOUP_FOLDS))
        gain = gain_of(data, targets, pool[0].answers, mixed, answers(places))
    return Mixture(kind="soup", members=members, gain=gain, samples=len(targets)), places


def soup_of(pool: Sequence[PoolModel], places: Sequence[int]) -> Classifier:
    """The network with the mean of the weights of these models."""
    built = pool[places[0]].built
    own = {name: value.clone() for name, value in built.state_dict().items()}
    built.load_state_dict(average_weights([pool[place].weights for place in places]))
    mixed = _copy(built)
    built.load_state_dict(own)
    return mixed


def save_mixture(
    mixture: Mixture, pool: Sequence[PoolModel], places: Sequence[int], splits: Splits, folder: SweepFolder
) -> Mixture:
    """Writes its model into the sweep's folder, tests it once, and measures what it costs."""
    place = folder.ensemble / mixture.kind
    shutil.rmtree(place, ignore_errors=True)
    data = replace(splits.spec, training_range=training_range(splits.spec, splits.train.inputs))
    if mixture.kind == "soup":
        first = pool[places[0]]
        weights = average_weights([pool[each].weights for each in places])
        save_model(place, data, first.model, first.arguments, weights)
    else:
        by_key = {each.key: each for each in pool}
        parts = [(by_key[each.key], each.share) for each in mixture.members]
        save_ensemble(place, data, [Part(each.model, each.arguments, each.weights, share) for each, share in parts])
    return _tested(replace(mixture, folder=str(place.relative_to(folder.path))), splits, folder)


def _tested(mixture: Mixture, splits: Splits, folder: SweepFolder) -> Mixture:
    model, data = open_model(folder.path / mixture.folder)
    outputs = predict_logits(model, splits.test.inputs)
    single = load_predictions(folder.path).predicted.numpy()
    targets = splits.test.targets
    answers = said(data, answers_of(data, outputs))
    own, mixed = latencies_ms([open_model(folder.model)[0], model], splits.test.inputs)
    return replace(
        mixture,
        test=score_outputs(data, outputs, targets, splits.train.targets),
        test_difference=compare(targets.numpy(), answers, single),
        bytes=sum(path.stat().st_size for path in (folder.path / mixture.folder).rglob("*") if path.is_file()),
        latency_ms={str(batch): (own[batch], mixed[batch]) for batch in own},
    )


def _folds(splits: Splits, count: int) -> list[NDArray[np.bool_]]:
    return make_folds(strata(splits.whole_validation.targets, 1 / count), count)


def _copy(model: Classifier) -> Classifier:
    return copy.deepcopy(model)
