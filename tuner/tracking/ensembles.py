"""Ensembles and soups in MLflow: registered under names of their own, beside the single winner's."""

from __future__ import annotations

import time

from tuner.core.ensemble import Mixture
from tuner.tracking.client import make_client
from tuner.tracking.registry import Candidate, register


def register_mixture(uri: str, candidate: Candidate, mixture: Mixture) -> str:
    """Registers it with the run of its sweep, which stays as it was. Returns `models:/NAME/VERSION`.

    The run gets what it came to as metrics: `ensemble_val_accuracy` and the like.
    """
    client = make_client(uri)
    before = client.get_run(candidate.run_id).info
    try:
        found = register(uri, candidate)
        for name, value in _metrics(mixture, candidate.data.kind.score).items():
            client.log_metric(candidate.run_id, name, value, timestamp=int(time.time() * 1000))
    finally:
        client.set_terminated(candidate.run_id, before.status, end_time=before.end_time)
    return found


def _metrics(mixture: Mixture, score: str) -> dict[str, float]:
    kind, gain = mixture.kind, mixture.gain
    found: dict[str, float] = {}
    if gain:
        found |= {f"{kind}_val_{score}": gain.crossed, f"{kind}_val_loss_gain": gain.loss}
    if mixture.test:
        found[f"{kind}_test_{score}"] = mixture.test.main
    return found
