"""`tuner ensemble`, and `--ensemble` at the end of a sweep: several of its models as one, where that is better.

An ensemble is registered as PAIR-ensemble, a soup as PAIR-soup. So `tuner predict PAIR` stays with the single winner,
and the champions of a pair are never compared with models that cost several times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.ensemble import EnsembleReport, Mixture
from tuner.core.ensemble_text import offer_lines
from tuner.core.errors import SweepError, TunerError, one_line
from tuner.core.files import make_folder, read_checked_json, write_checked_json
from tuner.core.outcome import Winner
from tuner.core.result_file import read_winner
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.core.units import counted
from tuner.data.spec import Splits
from tuner.search.study_reader import read_records
from tuner.sweeps.champion_alias import data_at_hand
from tuner.sweeps.choice import validation_outputs
from tuner.sweeps.confirming import Confirming, Trainings
from tuner.sweeps.ensemble_build import choose_ensemble, choose_soup, save_mixture, soup_pool
from tuner.sweeps.ensemble_pool import EnsembleSources, PoolModel, answers_of, make_pool
from tuner.sweeps.ensemble_registration import Tell, registered
from tuner.sweeps.lock import lock_for_sync
from tuner.sweeps.looks import ensemble_looks
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.classifier import Classifier
from tuner.training.score_error import Floats

_Chosen = tuple[Mixture, Sequence[PoolModel], tuple[int, ...]]


def make_ensemble(name: str, home: Path, size: int, *, anyway: bool, tell: Tell) -> EnsembleReport:
    """The ensemble of a finished sweep.

    Args:
        name: the sweep's.
        home: the folder of all sweeps.
        size: how many models it has at most.
        anyway: whether it is also kept, tested and registered where it does not win.
        tell: is told of what could not be registered.

    Raises:
        TunerError: the sweep is not finished, has not kept two models, or its data is gone or has changed.
    """
    config, folder = known_sweep(name, home), SweepFolder(home / name)
    check_suits(config)
    if not folder.result.exists():
        raise TunerError(f"{name} is not finished: tuner resume {name} ends it")
    with lock_for_sync(folder.path):
        records = read_records(folder.journal)
        winner = read_winner(folder.path, records)
        plan = ConfirmPlan.load(folder)
        sources = EnsembleSources(
            config=config,
            folder=folder,
            splits=data_at_hand(config),
            records=records,
            winner=winner,
            confirming=Confirming(config, folder, plan) if plan else None,
        )
        return build_ensemble(sources, size, anyway=anyway, tell=tell)


def make_at_end(
    config: SweepConfig,
    folder: SweepFolder,
    splits: Splits,
    winner: Winner,
    trainings: Trainings,
    storage: CheckpointStorage | None,
    events: Callback,
) -> None:
    """The ensemble that was asked for with the sweep; a line says what came of it. Its lack fails no sweep."""
    records = trainings.study.records()
    if _made_for(folder, winner, len(records)):
        return  # the sweep was interrupted after it
    sources = EnsembleSources(
        config=config,
        folder=folder,
        splits=splits,
        records=records,
        winner=winner,
        confirming=trainings.confirming,
        storage=storage,
    )
    try:
        check_suits(config)
        report = build_ensemble(sources, config.ensemble, anyway=False, tell=events.on_note)
    except (TunerError, SweepError, OSError) as error:
        events.on_note(f"no ensemble: {one_line(error)}")
        return
    for line in (text for mixture in report.mixtures for text in offer_lines(mixture)):
        events.on_note(line, warning=False)


def _made_for(folder: SweepFolder, winner: Winner, trials: int) -> bool:
    """Whether the report in the folder is of this winner of as many trials: a sweep that has grown makes another."""
    try:
        found = read_report(folder)
    except TunerError:
        return False
    return (found.winner, found.trials) == (winner.trial.number, trials)


def read_report(folder: SweepFolder) -> EnsembleReport:
    """What was found before. Raises TunerError when there is nothing, or it is damaged."""
    try:
        return EnsembleReport.from_json(read_checked_json(folder.ensemble_report))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TunerError(f"{folder.ensemble_report} cannot be read: {one_line(error)}") from None


def check_suits(config: SweepConfig) -> None:
    """Raises TunerError where a sweep can have no ensemble."""
    if config.program is not None:
        raise TunerError(f"{config.name} is a sweep of your own code, which alone knows how to mix its models")
    bound = [str(each) for each in config.goal.constraints if each.metric.before]
    if bound:
        raise TunerError(f"{config.name} is bound by {', '.join(bound)}, and an ensemble costs several times as much")


def build_ensemble(sources: EnsembleSources, size: int, *, anyway: bool, tell: Tell) -> EnsembleReport:
    """Chooses, and where it wins keeps, tests and registers; the report is kept as ensemble.json."""
    config, folder, splits = sources.config, sources.folder, sources.splits
    winner = sources.winner.trial
    pool = make_pool(config, folder, splits, sources.records, winner, sources.confirming, sources.storage)
    if len(pool) < 2 or pool[0].record.number != winner.number:
        raise TunerError(
            f"{config.name} has kept the weights of {counted(len(pool), 'model')}, and an ensemble needs two and that "
            "of the winner: tuner sweep --ensemble 5 keeps those of more trials"
        )
    alike = soup_pool(pool)
    chosen: list[_Chosen] = [(choose_ensemble(pool, splits, size), pool, ())]
    if alike:

        def outputs(model: Classifier) -> Floats:
            return answers_of(splits.spec, validation_outputs(config, model, splits).float())

        mixture, places = choose_soup(alike, splits, outputs)
        chosen.append((mixture, alike, places))
    looks, kept = ensemble_looks(folder), []
    make_folder(folder.ensemble)
    for mixture, models, places in chosen:
        made = mixture
        if mixture.wins or (anyway and mixture.gain):
            made = save_mixture(mixture, models, places, splits, folder)
            looks += 1
            _note_looks(folder, looks)
            made = registered(made, sources, tell)
        kept.append(made)
    report = EnsembleReport(
        sweep=config.name,
        winner=winner.number,
        size=size,
        trials=len(sources.records),
        candidates=tuple(each.key for each in pool),
        ensemble=kept[0],
        soup=kept[1] if len(kept) > 1 else None,
        looks=looks,
    )
    write_checked_json(folder.ensemble_report, report.to_json())
    return report


def _note_looks(folder: SweepFolder, looks: int) -> None:
    """At once, so that a look counts whatever happens next."""
    try:
        known = read_checked_json(folder.ensemble_report)
    except (OSError, ValueError):
        known = {}
    write_checked_json(folder.ensemble_report, {**known, "looks": looks})
