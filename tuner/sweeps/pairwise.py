"""Compares the models of a dataset on the same test samples, where their predictions are kept in this home."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.core.score_text import difference_text
from tuner.core.sweep_folder import sweeps_in

if TYPE_CHECKING:
    from tuner.core.finished_sweep import FinishedSweep
    from tuner.core.scores import Difference
    from tuner.training.answers import AnyPredictions


def against_best(sweeps: Sequence[FinishedSweep], home: Path) -> dict[str, Difference]:
    """How each sweep's model compares with that of the first sweep of its dataset, by the sweep's uid.

    Args:
        sweeps: by dataset, the best of each first.
        home: the folder of all sweeps.

    Models whose predictions are not in `home`, or not of the same samples, are left out.
    """
    from tuner.training.answers import compare  # noqa: PLC0415 - scipy takes a while to import

    folders = {config.uid: folder.path for folder, config in sweeps_in(home)}  # they may have been renamed
    found: dict[str, Difference] = {}
    for _, group in groupby(sweeps, key=lambda sweep: sweep.data):
        best, *others = group
        first = _predictions(folders.get(best.uid)) if others else None
        if first is None:
            continue
        targets, chosen = first.targets.numpy(), first.predicted.numpy()
        for sweep in others:
            second = _predictions(folders.get(sweep.uid))
            if second is not None and first.targets.equal(second.targets):
                found[sweep.uid] = compare(targets, second.predicted.numpy(), chosen)
    return found


def pairwise_notes(sweeps: Sequence[FinishedSweep], found: dict[str, Difference]) -> Iterator[str]:
    """A line for each dataset with several models: how they compare with the best, and of which that is not known."""
    for data, group in groupby(sweeps, key=lambda sweep: sweep.data):
        best, *others = group
        known = [f"{each.model} is {difference_text(found[each.uid])}" for each in others if each.uid in found]
        if known:
            yield f"On the same test samples of {data}, compared with {best.model}: {'; '.join(known)}"
        unknown = [each.name for each in others if each.uid not in found]
        if unknown:
            names = ", ".join([best.name, *unknown])
            yield (
                f"Models of {data} that could not be compared sample by sample, since their predictions are not all in "
                f"this home, so that only their intervals tell them apart: {names}"
            )


def _predictions(folder: Path | None) -> AnyPredictions | None:
    """None where there is no folder, or no predictions are in it."""
    from safetensors import SafetensorError  # noqa: PLC0415

    from tuner.training.answers import load_predictions  # noqa: PLC0415 - torch takes seconds to import

    with suppress(OSError, SafetensorError):
        return load_predictions(folder) if folder else None
    return None
