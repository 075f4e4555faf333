"""The simple models beside a sweep's winner: trained once for each dataset, and kept in the folder of all sweeps.

Beside a winner that began with pretrained weights there is one more: on the features that these weights give.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tuner.core.baselines import Baseline
from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError, one_line
from tuner.core.files import write_atomic, write_checked_json
from tuner.core.outcome import Outcome, Winner
from tuner.core.result_file import is_sent, read_result, read_winner
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Splits
from tuner.search.study_reader import read_records
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.resume import check_inputs
from tuner.training.answers import Answers, compare, load_predictions, score_of
from tuner.training.baselines import simple_predictions
from tuner.training.evaluation import Predictions
from tuner.training.frozen_baseline import FrozenNetwork
from tuner.training.hyperparameters import split_parameters
from tuner.training.simple_prediction import SimplePrediction

FORM = 1  # of the files: raised when a change makes other predictions


def with_baselines(outcome: Outcome, inputs: SweepInputs, folder: SweepFolder, events: Callbacks) -> Outcome:
    """The outcome with what simple models reach on the test samples, if its winner was not compared with them yet."""
    winner = outcome.winner
    if winner is None or winner.baselines:
        return outcome
    return replace(outcome, winner=replace(winner, baselines=_of(outcome.config, winner, inputs, folder, events)))


def complete_baselines(config: SweepConfig, folder: SweepFolder, events: Callbacks) -> None:
    """Adds them to the result of a sweep that was stopped before they were trained, and is not yet in MLflow."""
    result = read_result(folder.path)
    if config.program is not None or result.get("baselines") is not None or is_sent(folder.path):
        return
    winner = read_winner(folder.path, read_records(folder.journal))
    try:
        inputs = check_inputs(config)
    except TunerError as error:
        events.on_note(f"no simple models to compare with: {error}")
        return
    found = _of(config, winner, inputs, folder, events)
    write_checked_json(folder.result, {**result, "baselines": [each.to_json() for each in found]})


def _of(
    config: SweepConfig, winner: Winner, inputs: SweepInputs, folder: SweepFolder, events: Callbacks
) -> tuple[Baseline, ...]:
    def frozen() -> FrozenNetwork | None:
        _, arguments = split_parameters(config.model, winner.trial.parameters)
        model = config.model_of(winner.trial.parameters)
        return FrozenNetwork.of(inputs.splits.spec, config.model, model, arguments, inputs.pretrained)

    return compare_baselines(inputs.splits, folder, events, frozen)


def compare_baselines(
    splits: Splits, folder: SweepFolder, events: Callbacks, frozen: Callable[[], FrozenNetwork | None] = lambda: None
) -> tuple[Baseline, ...]:
    """What simple models reach on the test samples of the sweep in `folder`, whose winner has been tested.

    They decide nothing. Where they cannot be trained, `events` are told, and none are given.

    Args:
        splits: the data.
        folder: the sweep's.
        events: are told what is done.
        frozen: gives the pretrained network that the winner began as; None where it began with random weights.
    """
    home, samples = folder.home / ".baselines", splits.fingerprint()
    data = samples[:16]

    def on_samples() -> Sequence[SimplePrediction]:
        return _trained(home / f"{data}.json", lambda: simple_predictions(splits), events)

    def on_features() -> Sequence[SimplePrediction]:
        network = frozen()
        if network is None:
            return ()
        return _trained(
            home / f"{data}-{network.digest()[:16]}.json", lambda: [network.prediction(splits, samples)], events
        )

    found: list[Baseline] = []
    for what, train in (("simple models", on_samples), ("logistic regression on frozen features", on_features)):
        try:
            found += _compared(train(), folder, len(splits.train.targets))
        except Exception as error:  # a sweep does not fail for want of a comparison
            events.on_note(f"no {what} to compare with: {one_line(error)}")
    return tuple(found)


def _compared(found: Sequence[SimplePrediction], folder: SweepFolder, of: int) -> list[Baseline]:
    """Each beside the network, by what both say of the same samples. There are `of` training samples."""
    kept = load_predictions(folder.path)
    said = kept.compared if isinstance(kept, Predictions) else kept.predicted
    return [_beside(each, kept.targets.numpy(), said.numpy(), of) for each in found]


def _beside(simple: SimplePrediction, true: Answers, network: Answers, of: int) -> Baseline:
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


def _trained(file: Path, train: Callable[[], Iterable[SimplePrediction]], events: Callbacks) -> list[SimplePrediction]:
    """What they predict for the test split: from the file of an earlier sweep of the same samples, or trained now."""
    if kept := _read(file):
        return kept
    with events.phase("Training simple models to compare with"):
        models = list(train())
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
