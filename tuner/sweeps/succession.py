"""Which model is the champion of its pair after the champion was deleted: the best of the others, by the same rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tuner.core.config import SweepConfig
from tuner.sweeps.champion import choose
from tuner.sweeps.champion_alias import contender, deciding_split
from tuner.tracking.own_winners import best_own
from tuner.tracking.versions import Version, Versions


def hand_over(versions: Versions, config: SweepConfig, doomed: Collection[int]) -> str:
    """Takes the alias `champion` from versions that are to be deleted, and gives it to the best of the others.

    Args:
        versions: of one pair.
        config: of the sweep that has made the doomed ones.
        doomed: the numbers of the versions that are to be deleted.

    Returns:
        What has become of the champion, in a line; empty where none of the doomed is the champion.
    """
    if versions.champion() not in doomed:
        return ""
    others = [version for version in versions.all() if version.number not in doomed]
    best = _best(others, config)
    if best is not None:
        versions.set_champion(best.number)
        return f"the champion of {versions.model} is now version {best.number}, of the sweep {best.sweep}"
    versions.clear_champion()
    if not others:
        return f"{versions.model} has no model any more"
    choose_one = f"to choose one: tuner promote {versions.model}/{others[-1].number}"
    return f"{versions.model} has no champion any more: no model that is left is known to have learnt; {choose_one}"


def _best(versions: Sequence[Version], config: SweepConfig) -> Version | None:
    """The best of these versions; None where none may be champion."""
    if config.program is not None:
        return best_own(versions, config)
    split = deciding_split(versions)
    best = choose([contender(version, split) for version in versions])
    return next((version for version in versions if best and version.number == best.order), None)
