"""Which models of the catalog suit some data: what is swept together where a user names none.

A model is left out when it does not fit the data, when the weights that it starts from are not on this machine or were
trained on much larger images, or when a training of it would take too long here. Of those that start from pretrained
weights one is enough. Where more than MOST are left, those with the fewest weights are taken: they learn from few
samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.core.files import data_root
from tuner.core.units import counted, format_seconds
from tuner.data.spec import DataSpec
from tuner.execution.resources import ResourceRequest, local_resources
from tuner.search.space import SearchSpace
from tuner.search.space_defaults import default_space
from tuner.search.space_file import own_space, parse_space
from tuner.search.start_points import default_point, fit_point
from tuner.training.classifier import build_classifier
from tuner.training.frozen_features import extracts_once
from tuner.training.hyperparameters import TRAINING_PARAMETERS, split_parameters
from tuner.training.step_cost import StepCost, measure_step

MOST = 4
LONGEST = 12 * 3600.0  # seconds of one whole training, as far as it can be estimated
ENLARGED = 8  # times that images may be enlarged for pretrained weights: beyond that nothing of a photograph is left
BACKWARD = 2  # times as long as the way forward


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A model of the catalog for the task of the data."""

    model: str
    epochs: int = 0
    """Of a whole training, by its search space; 0 for one that does not fit."""
    cost: StepCost | None = None
    pretrained: bool = False
    """Whether it starts from pretrained weights."""
    always_once: bool = True
    """Of one whose features are computed once by default: whether all trials of its search space do so."""
    why_not: str = ""
    """Why it is left out; empty for one that is taken."""

    @property
    def seconds(self) -> float:
        """Of a whole training, as estimated, and of the longest kind where there are several."""
        assert self.cost is not None
        if not self.cost.once:
            return self.cost.epoch_seconds * self.epochs
        return self.cost.epoch_seconds * (1 if self.always_once else (1 + BACKWARD) * self.epochs)

    @property
    def text(self) -> str:
        """What it is and costs: `272,474 weights, about 12 s an epoch here`."""
        assert self.cost is not None
        size = f"{self.cost.weights:,} weights"
        if self.pretrained:
            size = f"pretrained weights are here, {size} are trained"
        seconds = self.cost.epoch_seconds
        took = f"about {format_seconds(seconds)}" if seconds >= 1 else "less than 1 s"
        return f"{size}, {took} {'for its features, once' if self.cost.once else 'an epoch'} here"

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        cost = self.cost
        return {
            "model": self.model,
            "taken": not self.why_not,
            "why_not": self.why_not,
            "text": self.why_not or self.text,
            "weights": cost.weights if cost else None,
            "epoch_seconds": cost.epoch_seconds if cost else None,
            "once": cost.once if cost else None,
            "pretrained": self.pretrained,
        }


def short_list(data: str, spec: DataSpec, samples: int, most: int = MOST, longest: float = LONGEST) -> list[Candidate]:
    """The models of the catalog for the task of the data, those that are taken first.

    Args:
        data: its name, for the search spaces.
        spec: its specification.
        samples: of the training split.
        most: how many are taken at most.
        longest: how many seconds one whole training may take.
    """
    threads = local_resources(ResourceRequest(trials=MOST)).cpus_per_trial
    fitting = [name for name in catalog.names("models") if spec.task in catalog.load("models", name).TASKS]
    found = [_candidate(data, spec, name, samples, threads) for name in fitting]
    found = _only_soonest(found)
    found = _not_too_long(found, longest)
    taken = sorted((each for each in found if not each.why_not), key=_weights)
    over = [
        replace(each, why_not=f"{each.cost.weights:,} weights, more than those of {most} others")
        for each in taken[most:]
        if each.cost
    ]
    return [*taken[:most], *over, *(each for each in found if each.why_not)]


def _candidate(data: str, spec: DataSpec, model: str, samples: int, threads: int) -> Candidate:
    own = own_space(data, model)
    raw = default_space(model, spec.task) if own is None else own[0]
    space = parse_space(raw, model)
    parameters = default_point(raw, space)
    module = catalog.load("models", model)
    pretrained = bool(parameters.get("pretrained")) and hasattr(module, "pretrained")
    new = Candidate(model=model, epochs=space.epochs, pretrained=pretrained)
    try:
        built = build_classifier(spec, model, split_parameters(model, parameters)[1])
    except TunerError as reason:
        return replace(new, why_not=str(reason).removeprefix(f"{model}: "))
    source = getattr(module, "PUBLISHED", None)
    if pretrained and source is not None and not source.at_hand(data_root() / "weights"):
        return replace(new, why_not="the pretrained weights that it starts from are not here")
    if pretrained and (size := getattr(built.network, "resolution", 0)) > ENLARGED * min(spec.shape[-2:]):
        shape = "x".join(map(str, spec.shape[-2:]))
        return replace(new, why_not=f"its weights know images of {size} pixels, and these have {shape}")
    cost = measure_step(spec, model, parameters, samples, threads)
    return replace(new, cost=cost, always_once=not cost.once or _always_once(spec, model, space))


def _always_once(spec: DataSpec, model: str, space: SearchSpace) -> bool:
    """Whether the features of images are computed once with each choice of the space."""
    chosen = [(p.name, value) for p in space.parameters for value in p.choices if p.name not in TRAINING_PARAMETERS]
    points = [fit_point({name: value}, space).parameters for name, value in chosen]
    return all(extracts_once(build_classifier(spec, model, split_parameters(model, each)[1])) for each in points)


def _weights(candidate: Candidate) -> tuple[bool, int]:
    assert candidate.cost is not None
    return not candidate.pretrained, candidate.cost.weights


def _only_soonest(found: Sequence[Candidate]) -> list[Candidate]:
    """Without all but one of those that start from pretrained weights."""
    known = [each for each in found if each.pretrained and not each.why_not]
    best = min(known, key=lambda each: each.seconds, default=None)
    why = f"{best.model} starts from pretrained weights, too, and is trained sooner" if best else ""
    return [replace(each, why_not=why) if each in known and each is not best else each for each in found]


def _not_too_long(found: Sequence[Candidate], longest: float) -> list[Candidate]:
    """Without those of which one training takes too long; the one that is trained soonest stays in any case."""
    left = [each for each in found if not each.why_not]
    soonest = min(left, key=lambda each: each.seconds, default=None)

    def judged(each: Candidate) -> Candidate:
        if each not in left or each is soonest or each.seconds <= longest:
            return each
        what = "a training" if each.always_once else "fine-tuning it"
        took = format_seconds(each.seconds)
        return replace(each, why_not=f"{what} for {counted(each.epochs, 'epoch')} would take about {took} here")

    return list(map(judged, found))


def listed(found: Iterable[Candidate]) -> tuple[list[str], str]:
    """A line for each model that is taken, and one on all that are left out; empty where none is."""
    every = list(found)
    left = [f"{each.model} ({each.why_not})" for each in every if each.why_not]
    return [
        f"{each.model}: {each.text}" for each in every if not each.why_not
    ], f"left out: {'; '.join(left)}" if left else ""
