"""What a sampler begins with: the trials of an earlier sweep of the same data and model (`--warm-start`)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tuner.core import own_code
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.core.units import counted
from tuner.core.warm_trials import WarmTrial, WarmTrials
from tuner.search.comparable import final_scores
from tuner.search.refit import refit
from tuner.search.space_file import space_of
from tuner.search.study_reader import read_records
from tuner.training.classifier import parameter_defaults

MOST = 200  # trials, since they stand in sweep.json; of more, the best ones and a random sample of the others
MOST_BEST = 50
_AS_LONG = ("epochs", "passes", "pretrained")  # what must be equal in two sweeps for their scores to be comparable
LEARNING = {"tpe": "TPE", "gp": "the Gaussian process"}
"""The samplers that can begin with trials of another study, for people."""


def take_trials(config: SweepConfig, name: str, home: Path, events: Callback) -> WarmTrials | None:
    """The trials of the sweep `name` that have a score, for a new sweep with this configuration.

    None if it is of other data, or the sampler cannot use them: then its best parameters alone are a start point.
    """
    earlier = known_sweep(name, home)
    if config.sampler not in LEARNING:
        return None
    if earlier.model != config.model:
        if config.several or earlier.several:
            text = f"{name} had other models to choose from: its best is tried, and no scores are taken from it"
            events.on_note(text, warning=False)
        elif own_code.is_own(config.model) and earlier.model_name == config.model_name:
            text = (
                f"the code of {config.model_name} has changed since {name}: its best is tried, and no scores are taken"
            )
            events.on_note(text, warning=False)
        return None
    if earlier.data is None or earlier.data != config.data:
        if earlier.data and earlier.dataset == config.dataset:
            text = (
                f"{name} had other samples of {config.dataset_name}: its best is tried, and no scores are taken from it"
            )
            events.on_note(text, warning=False)
        return None
    if earlier.goal != config.goal or config.goal.several:
        text = (
            f"{name} was compared by other things than this sweep: its best is tried, and no scores are taken from it"
        )
        if config.goal == earlier.goal:
            text = f"with two objectives the best of {name} is tried, and no scores are taken from it"
        events.on_note(text, warning=False)
        return None
    records = read_records(SweepFolder(home / name).journal)
    scores = final_scores(earlier, records)[:, 0]
    known = [
        WarmTrial(parameters=r.parameters, score=float(s))
        for r, s in zip(records, scores, strict=True)
        if not math.isnan(s)
    ]
    alike = all(getattr(earlier, name) == getattr(config, name) for name in _AS_LONG)
    defaults = {} if config.several else parameter_defaults(config.model)
    taken = WarmTrials(sweep=name, comparable=alike, trials=tuple(_some(known, config.seed)), defaults=defaults)
    events.on_note(_told(taken, config, earlier), warning=False)
    return taken


def _some(trials: list[WarmTrial], seed: int) -> list[WarmTrial]:
    """All of them, or the best and a random sample of the others, in their order."""
    if len(trials) <= MOST:
        return trials
    order = sorted(range(len(trials)), key=lambda n: -trials[n].score)
    others = np.random.default_rng(seed).choice(order[MOST_BEST:], MOST - MOST_BEST, replace=False)
    return [trials[n] for n in sorted([*order[:MOST_BEST], *map(int, others)])]


def _told(taken: WarmTrials, config: SweepConfig, earlier: SweepConfig) -> str:
    """One line on what the sampler begins with."""
    space, reasons = space_of(config), []
    for trial in taken.trials:
        try:
            refit(trial.parameters, space, taken.defaults)
        except TunerError as reason:
            reasons.append(str(reason))
    fit = len(taken.trials) - len(reasons)
    sampler = LEARNING[config.sampler]
    line = f"{sampler[0].upper()}{sampler[1:]} begins with {counted(fit, 'trial')} of {taken.sweep}"
    if reasons:
        line += f"; {len(reasons)} {'does' if len(reasons) == 1 else 'do'} not fit the search space ({reasons[0]})"
    if fit and earlier.passes != config.passes:
        line += "; an epoch of theirs was another time: their scores are moved by what its best gains here"
    elif fit and earlier.epochs != config.epochs:
        line += f"; they had {counted(earlier.epochs, 'epoch')}: their scores are moved by what its best gains with "
        line += str(config.epochs)
    return line
