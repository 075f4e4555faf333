"""What MLflow is given of a finished sweep: its winner's scores, and the model. Made from the sweep's folder alone."""

from __future__ import annotations

from pathlib import Path

from tuner.config import SweepConfig
from tuner.find_model import MODEL
from tuner.inputs import to_raw
from tuner.outcome import Registered, Winner
from tuner.registry import Candidate, log_winner, register
from tuner.report.predictions import Predictions
from tuner.saved import load_model
from tuner.store import Store
from tuner.tracking import MlflowSweep

EXAMPLES = 2  # samples that are kept with the registered model


def hand_over(
    config: SweepConfig, folder: Path, winner: Winner, store: Store, sweep: MlflowSweep, finished: float | None = None
) -> Registered:
    """Writes the winner to the sweep's run, registers its model, and ends the run as FINISHED. Again changes nothing.

    `finished` is in seconds since 1970, by default now.
    """
    log_winner(store.uri, sweep.run_id, winner)
    _, spec = load_model(folder / MODEL)
    candidate = Candidate(
        name=config.pair,
        sweep=config.name,
        uid=config.uid,
        run_id=sweep.run_id,
        folder=folder / MODEL,
        data=spec,
        example=to_raw(spec, Predictions.load(folder).inputs[:EXAMPLES]),
        accuracy=winner.scores.accuracy,
        test_data=winner.test_data,
    )
    registered = register(store.uri, candidate)
    sweep.end("FINISHED", finished)
    return registered
