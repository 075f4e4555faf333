"""A sweep's configuration: what the command line asked for, frozen in the sweep's folder as sweep.json."""

from __future__ import annotations

import uuid
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tuner.errors import TunerError, one_line, unknown
from tuner.sealed import read_sealed, write_sealed
from tuner.source import Source
from tuner.space import SearchSpace
from tuner.space_file import parse_space

FILE = "sweep.json"
OOM = ("fail", "halve-batch")


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """Everything that decides what a sweep does; `resume` starts from it."""

    name: str
    dataset: str
    model: str
    trials: int
    epochs: int
    """The most epochs that a trial trains."""
    time_budget: float | None
    """Seconds of search, after which no epoch is begun; None for no limit."""
    concurrency: int
    """Trials side by side."""
    cpus_per_trial: int
    """CPU cores, and threads, of a trial."""
    gpus_per_trial: float
    """0, a share of one, or a whole number of them, over which a trial trains with a worker on each."""
    seed: int
    limit: int | None
    """Samples of training and validation together; None for all."""
    space: dict[str, Any]
    """The parsed TOML of the search space, with the overrides of the command line applied."""
    target: str | None = None
    """The column of the classes, of a csv:PATH."""
    weights: str | None = None
    """A file of pretrained weights, in place of those that are downloaded."""
    data: str | None = None
    """The fingerprint of the samples and their splits."""
    storage: str | None = None
    """Where the checkpoints are kept, of a cluster without a common disk."""
    workers_per_node: int | None = None
    """The most workers, which are processes that train, on one node."""
    max_failures: int = 2
    """How often a trial goes on from its checkpoint after its worker, or the worker's node, has died."""
    max_failure_rate: float = 0.9
    """The share of failed trials above which the search ends early."""
    trial_timeout: float | None = None
    """Seconds without a finished epoch after which a trial that has a worker fails; None for no limit."""
    oom: str = "fail"
    """What becomes of a trial that runs out of memory: one of OOM."""
    repeats: int = 0
    """The number of the trial, of another sweep, whose seed the first trial has."""
    tracking: str | None = None
    """The address of the MLflow server, or database, that it began with; empty for the one in its home folder."""
    halved: int = 0
    """The first epoch that that trial trained half a batch at a time; 0 for none."""
    pretrained: str | None = None
    """The fingerprint of the weights that trials start from; empty when they start from none."""
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Tells the sweep from others of its name, in other folders, on one tracking server."""

    @property
    def pair(self) -> str:
        """The name of the MLflow experiment and of the registered model."""
        return f"{self.source.name}-{self.model}"

    @property
    def source(self) -> Source:
        """Where the data comes from."""
        return Source(self.dataset, self.target)

    def search_space(self) -> SearchSpace:
        """The space to draw from."""
        return parse_space(self.space, f"the search space of {self.name}", narrowed=True)

    def save(self, folder: Path) -> None:
        """Writes sweep.json."""
        write_sealed(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> SweepConfig:
        """Reads sweep.json. Raises TunerError when it is missing or damaged."""
        path = folder / FILE
        try:
            raw = read_sealed(path)
            needed = {each.name for each in fields(cls) if each.default is MISSING}  # older sweeps lack the others
            later = {each.name for each in fields(cls)} & set(raw)
            return cls(**{name: raw[name] for name in needed | later})
        except FileNotFoundError:
            raise TunerError(f"there is no sweep in {folder}: {FILE} is missing") from None
        except KeyError as error:
            raise TunerError(f"{path} is damaged: it has no {error}") from None
        except (OSError, ValueError) as error:
            raise TunerError(f"{path} is damaged: {one_line(error)}") from None


def known_sweep(name: str, home: Path) -> SweepConfig:
    """The configuration of a sweep in `home`. Raises TunerError with the nearest names when there is none."""
    known = sweep_names(home)
    if not known:
        raise TunerError(f"there are no sweeps in {home}: begin one with tuner sweep, or set TUNER_HOME")
    if name not in known:
        raise unknown("sweep", name, known)
    return SweepConfig.load(home / name)


def sweep_names(home: Path) -> list[str]:
    """The names of the sweeps in `home`, oldest first."""
    if not home.is_dir():
        return []
    found = [path for path in home.iterdir() if (path / FILE).is_file() and not path.name.startswith(".")]
    return [path.name for path in sorted(found, key=lambda path: (path / FILE).stat().st_mtime)]
