"""Tables of recorded learning curves: .npz files that record_curves.py writes, and their reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space, read_toml

KEYS = ("space", "params", "curves", "repeats")
SAMPLES = "samples"  # of the validation set; not every table says it
FEWEST = 20  # trainings: fewer say nothing about the rest of a space
FINEST = 1000  # validation samples that half-precision accuracies still tell apart
Floats = NDArray[np.float64]
Parameters = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Recorded trainings of random configurations of one task."""

    name: str
    raw_space: dict[str, Any]
    """The parsed TOML of the search space."""
    space: SearchSpace
    parameters: list[Parameters]
    curves: Floats
    """(trainings, epochs, 2): validation and test accuracy after each epoch."""
    repeats: int
    """The last so many trainings repeat the first so many configurations with another seed."""
    samples: int
    """Of the validation set; 0 when that is not known."""

    @property
    def epochs(self) -> int:
        """Of each training."""
        return int(self.curves.shape[1])


def read_table(path: Path, samples: int = 0) -> Table:
    """Reads a table. Where `samples` is 0 and the table does not say it, it is guessed from the accuracies.

    Raises:
        TunerError: the file is missing, or no table of curves.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {key: file[key] for key in (*KEYS, SAMPLES) if key in file}
    except FileNotFoundError:
        raise TunerError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError, TypeError) as error:
        raise TunerError(f"{path}: not an .npz file of learning curves ({type(error).__name__})") from None
    if missing := [key for key in KEYS if key not in found]:
        raise TunerError(f"{path}: no table of learning curves: it has no '{missing[0]}'")
    space, params, curves, repeats = (found[key] for key in KEYS)
    raw = read_toml(str(space), str(path))
    parsed = parse_space(raw, str(path))
    return Table(
        name=path.stem,
        raw_space=raw,
        space=parsed,
        parameters=_parameters(str(params), len(curves) if curves.ndim else 0, parsed, path),
        curves=_checked(curves, path),
        repeats=_repeats(repeats, len(curves), path),
        samples=samples or _said(found.get(SAMPLES), path) or guessed_samples(curves[..., 0]),
    )


def _parameters(text: str, trainings: int, space: SearchSpace, path: Path) -> list[Parameters]:
    try:
        found = json.loads(text)
    except ValueError:
        raise TunerError(f"{path}: 'params' is no JSON") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TunerError(f"{path}: 'params' must be a list of the parameters of each training")
    if len(found) != trainings:
        raise TunerError(f"{path}: {len(found)} sets of parameters for {trainings} curves")
    for index, drawn in enumerate(found):
        active = {each.name for each in space.parameters if each.active(drawn)}
        if active != set(drawn):
            wrong = sorted(active ^ set(drawn))
            raise TunerError(f"{path}: the parameters of training {index} do not fit the space: {', '.join(wrong)}")
    return found


def _checked(curves: NDArray[Any], path: Path) -> Floats:
    if curves.ndim != 3 or curves.shape[2] != 2 or not curves.shape[1] or curves.dtype.kind != "f":
        raise TunerError(f"{path}: 'curves' must be numbers (trainings, epochs, 2), got {curves.dtype} {curves.shape}")
    if len(curves) < FEWEST:
        raise TunerError(f"{path}: {len(curves)} trainings; at least {FEWEST} are needed")
    if not ((curves >= 0) & (curves <= 1)).all():
        raise TunerError(f"{path}: 'curves' holds accuracies outside 0 to 1")
    return curves.astype(np.float64)


def _repeats(repeats: NDArray[Any], trainings: int, path: Path) -> int:
    if repeats.ndim or repeats.dtype.kind not in "iu" or not 1 <= int(repeats) <= trainings / 2:
        raise TunerError(f"{path}: 'repeats' must be a whole number from 1 to {trainings // 2}, got {repeats}")
    return int(repeats)


def _said(samples: NDArray[Any] | None, path: Path) -> int:
    if samples is None:
        return 0
    if samples.ndim or samples.dtype.kind not in "iu" or int(samples) < 1:
        raise TunerError(f"{path}: 'samples' must be a whole number of at least 1, got {samples}")
    return int(samples)


def guessed_samples(accuracies: NDArray[Any]) -> int:
    """The smallest number of samples that all accuracies are fractions of, up to their rounding; 0 for none.

    >>> guessed_samples(np.array([0.0, 0.25, 0.415, 0.5, 0.985], dtype=np.float16))
    200
    """
    values = np.unique(accuracies)
    exact = values.astype(np.float64)
    rounding = np.spacing(values).astype(np.float64) / 2
    for samples in range(10, FINEST + 1):
        counts = exact * samples
        if (abs(counts - counts.round()) <= rounding * samples + 1e-9).all():
            return samples
    return 0
