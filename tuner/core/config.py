"""What a user asks for (SweepRequest), and what a sweep does (SweepConfig, kept as sweep.json)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tuner.core.errors import TunerError, one_line, unknown
from tuner.core.files import read_checked_json, write_checked_json
from tuner.data.source import Source
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space

CONFIG_FILE = "sweep.json"


OOM = ("fail", "halve-batch")


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """Everything that decides what a sweep does; `resume` starts from it."""

    name: str
    dataset: str
    model: str
    trials: int
    epochs: int
    """The maximum number of epochs per trial."""
    time_budget: float | None
    """Seconds of search after which no further epoch starts; None for no limit."""
    concurrency: int
    """The maximum number of trials that run at the same time."""
    cpus_per_trial: int
    """CPU cores, and threads, per trial."""
    gpus_per_trial: float
    """0, a fraction of a GPU, or a whole number of GPUs. With several, a trial trains with one worker on each."""
    seed: int
    limit: int | None
    """The number of training and validation samples together; None for all."""
    space: dict[str, Any]
    """The parsed TOML of the search space, with the overrides of the command line applied."""
    target: str | None = None
    """For csv:PATH, the column that holds the classes."""
    weights: str | None = None
    """A file of pretrained weights to use instead of downloading them."""
    data: str | None = None
    """The fingerprint of the samples and their splits."""
    storage: str | None = None
    """The URI where a cluster without a shared disk keeps the checkpoints."""
    workers_per_node: int | None = None
    """The maximum number of workers (training processes) per node."""
    max_failures: int = 2
    """How often a trial resumes from its checkpoint after its worker, or the worker's node, has died."""
    max_failure_rate: float = 0.9
    """The share of failed trials above which the search stops early."""
    trial_timeout: float | None = None
    """Seconds without a finished epoch after which a running trial fails; None for no limit."""
    oom: str = "fail"
    """What happens to a trial that runs out of memory: one of OOM."""
    repeats: int = 0
    """The number of a trial in another sweep, which this sweep repeats: its first trial uses the same seed."""
    tracking: str | None = None
    """The address of the MLflow server or database at the start of the sweep; empty for the one in its home folder."""
    halved: int = 0
    """The first epoch that the repeated trial trained half a batch at a time; 0 for none."""
    pretrained: str | None = None
    """The fingerprint of the weights that trials start from; empty when they start from none."""
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Distinguishes the sweep on a tracking server from sweeps of the same name in other folders."""

    @property
    def pair(self) -> str:
        """The name of the MLflow experiment and of the registered model."""
        return f"{self.source.name}-{self.model}"

    @property
    def source(self) -> Source:
        """Where the data comes from."""
        return Source(self.dataset, self.target)

    def search_space(self) -> SearchSpace:
        """The search space that parameters are drawn from."""
        return parse_space(self.space, f"the search space of {self.name}", narrowed=True)

    def save(self, folder: Path) -> None:
        """Writes sweep.json."""
        write_checked_json(folder / CONFIG_FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> SweepConfig:
        """Reads sweep.json. Raises TunerError when it is missing or damaged."""
        path = folder / CONFIG_FILE
        try:
            raw = read_checked_json(path)
            needed = {each.name for each in fields(cls) if each.default is MISSING}  # older sweeps lack the others
            later = {each.name for each in fields(cls)} & set(raw)
            return cls(**{name: raw[name] for name in needed | later})
        except FileNotFoundError:
            raise TunerError(f"there is no sweep in {folder}: {CONFIG_FILE} is missing") from None
        except KeyError as error:
            raise TunerError(f"{path} is damaged: it has no {error}") from None
        except (OSError, ValueError) as error:
            raise TunerError(f"{path} is damaged: {one_line(error)}") from None


MOST_EPOCHS = 1_000_000


TRIALS = 16


MOST_TRIALS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """A sweep as the command line names it; None is for the default."""

    dataset: str
    model: str
    trials: int = TRIALS
    max_epochs: int | None = None
    time_budget: float | None = None
    concurrency: int | None = None
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    workers_per_node: int | None = None
    max_failures: int = 2
    max_failure_rate: float = 0.9
    trial_timeout: float | None = None
    oom: str = "fail"
    seed: int = 0
    name: str | None = None
    limit: int | None = None
    space: Path | None = None
    target: str | None = None
    weights: Path | None = None
    storage: str | None = None
    overrides: Sequence[str] = ()
    fixed: dict[str, Any] | None = None
    """A parsed space in place of a file: what `tuner train` trains with."""
    repeats: int = 0
    """The number of the trial, of another sweep, that the first one repeats."""
    halved: int = 0
    """The first epoch that that one trained half a batch at a time; 0 for none."""
    data: str | None = None
    """The fingerprint that the data must have."""
    pretrained: str | None = None
    """The fingerprint that the weights must have."""


def check_request(request: SweepRequest) -> None:
    """Raises TunerError for an option that must be at least 1 and is not, and for a seed that is none."""
    for option in ("trials", "max_epochs", "concurrency", "cpus_per_trial", "workers_per_node", "limit"):
        value = getattr(request, option)
        if value is not None and value < 1:
            raise TunerError(f"--{option.replace('_', '-')} must be at least 1, got {value}")
    if request.max_failures < 0:
        raise TunerError(f"--max-failures must be at least 0, got {request.max_failures}")
    if not 0 <= request.max_failure_rate <= 1:
        raise TunerError(f"--max-failure-rate {request.max_failure_rate:g}: give a share from 0 to 1")
    if request.oom not in OOM:
        raise unknown("--oom", request.oom, OOM)
    for option, most in (("trials", MOST_TRIALS), ("max_epochs", MOST_EPOCHS)):
        if (getattr(request, option) or 0) > most:
            raise TunerError(f"--{option.replace('_', '-')} must be at most {most}, got {getattr(request, option)}")
    if not 0 <= request.seed < 2**31:
        raise TunerError(f"--seed must be at least 0 and below 2147483648, got {request.seed}")
