"""Methods of search. A new one is a file here that is added to METHODS."""

from __future__ import annotations

from importlib.util import find_spec

from replay.methods import fixed, neps_peer, optuna_peers, own, ray_peer, smac_peer, syne_peers
from replay.methods.base import Kind
from tuner.core.errors import unknown

METHODS: dict[str, Kind] = {
    "tuner": Kind(make=own.tuner),
    "tuner+prior": Kind(make=own.tuner_with_prior),
    "tuner+wrong": Kind(make=own.tuner_with_wrong_prior),
    "tuner+start": Kind(make=own.tuner_with_start),
    "random+asha": Kind(make=own.random_asha),
    "pasha": Kind(make=own.pasha),
    "asha-anew": Kind(make=own.tuner, anew=True),
    "asha-stop": Kind(make=own.asha_stop),
    **ray_peer.METHODS,
    **optuna_peers.METHODS,
    **syne_peers.METHODS,
    **smac_peer.METHODS,
    **neps_peer.METHODS,
    **fixed.METHODS,
}


def chosen(names: list[str]) -> tuple[list[str], list[str]]:
    """Those of the named methods that can run here, and a line for each that cannot. Raises TunerError for others."""
    for name in names:
        if name not in METHODS:
            raise unknown("--methods", name, tuple(METHODS))
    missing = {name: METHODS[name].needs for name in names if not _installed(METHODS[name].needs)}
    return (
        [name for name in dict.fromkeys(names) if name not in missing],
        [f"{name} is left out: {module} is not installed" for name, module in missing.items()],
    )


def _installed(module: str) -> bool:
    return not module or find_spec(module.partition(".")[0]) is not None
