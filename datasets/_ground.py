"""Which ground transparent images get, so that they can be seen: white, unless some would vanish on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.data.images import read_images
from tuner.data.pixels import BLACK, GREY, GROUNDS, WHITE, Change, Levels

_NAMES = {WHITE: "white", GREY: "grey", BLACK: "black"}


def choose_ground(
    training: Sequence[Path], changed: Mapping[Change, Sequence[Path]], shape: tuple[int, ...], levels: Levels
) -> tuple[int, tuple[str, ...]]:
    """The ground on which the fewest images of the training split become one colour, and a note where it is not white.

    Args:
        training: the images of the training split.
        changed: what was told of all images when they were read on white.
        shape: of a sample.
        levels: see `DataSpec.levels`.
    """
    there = set(training)
    lost = there.intersection(changed.get(Change.LOST, ()))
    clear = sorted(there.intersection(changed.get(GROUNDS[WHITE], ())))
    if not lost:
        return WHITE, ()
    found = {WHITE: len(lost)} | {ground: _lost(clear, shape, levels, ground) for ground in GROUNDS if ground != WHITE}
    best = min(found, key=lambda ground: found[ground])  # of several the first
    if best == WHITE:
        return WHITE, ()
    on_best = f"{found[best]} on {_NAMES[best]}" if found[best] else f"none on {_NAMES[best]}"
    of = f"{len(lost)} of the {len(clear)} transparent images of the training split"
    return best, (f"transparent pixels become {_NAMES[best]}: {of} would be one colour on white, and {on_best}",)


def _lost(files: Sequence[Path], shape: tuple[int, ...], levels: Levels, ground: int) -> int:
    told: list[Change] = []
    read_images(files, shape, levels=levels, tell=lambda _, change: told.append(change), ground=ground)
    return told.count(Change.LOST)
