"""The simple models beside a sweep's winner: trained once for each dataset, and kept in the folder of all sweeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tuner.core.baselines import Baseline
from tuner.core.callback import Callbacks
from tuner.core.errors import one_line
from tuner.core.files import write_atomic
from tuner.core.outcome import Outcome
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Splits
from tuner.training.answers import Answers, compare, load_predictions, score_of
from tuner.training.baselines import simple_predictions
from tuner.training.evaluation import Predictions
from tuner.training.simple_prediction import SimplePrediction

FORM = 1  # of the files: raised when a change makes other predictions


def with_baselines(outcome: Outcome, splits: Splits, folder: SweepFolder, events: Callbacks) -> Outcome:
    """The outcome with what simple models reach on the test samples, if its winner was not compared with them yet."""
    winner = outcome.winner
    if winner is None or winner.baselines:
        return outcome
    return replace(outcome, winner=replace(winner, baselines=compare_baselines(splits, folder, events)))


def compare_baselines(splits: Splits, folder: SweepFolder, events: Callbacks) -> tuple[Baseline, ...]:
    """What simple models reach on the test samples of the sweep in `folder`, whose winner has been tested.

    They decide nothing. Where they cannot be trained, `events` are told, and none are given.
    """
    try:
        found = _trained(splits, folder.home, events)
        kept = load_predictions(folder.path)
    except Exception as error:  # a sweep does not fail for want of a comparison
        events.on_note(f"no simple models to compare with: {one_line(error)}")
        return ()
    said = kept.compared if isinstance(kept, Predictions) else kept.predicted
    true, network = kept.targets.numpy(), said.numpy()
    return tuple(_compared(each, true, network, len(splits.train.targets)) for each in found)


def _compared(simple: SimplePrediction, true: Answers, network: Answers, of: int) -> Baseline:
    """One of them, beside the network, by what both say of the same samples."""
    score, interval = score_of(true, simple.predicted)
    return Baseline(
        key=simple.key,
        name=simple.name,
        score=score,
        interval=interval,
        difference=compare(true, network, simple.predicted),
        trained_on=simple.trained_on,
        of=of,
    )


def _trained(splits: Splits, home: Path, events: Callbacks) -> Sequence[SimplePrediction]:
    """What they predict for the test split: from the file of an earlier sweep of the same samples, or trained now."""
    file = home / ".baselines" / f"{splits.fingerprint()[:16]}.json"
    if kept := _read(file):
        return kept
    with events.phase("Training simple models to compare with"):
        models = list(simple_predictions(splits))
    text = json.dumps({"form": FORM, "models": [each.to_json() for each in models]})
    file.parent.mkdir(exist_ok=True)
    write_atomic(file, lambda opened: opened.write(text.encode()))
    return models


def _read(file: Path) -> list[SimplePrediction]:
    """What the file has; nothing if there is none, or one that is damaged or of another version."""
    try:
        kept = json.loads(file.read_text())
        return [SimplePrediction.from_json(each) for each in kept["models"]] if kept["form"] == FORM else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
