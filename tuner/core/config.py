"""What a user asks for (SweepRequest), and what a sweep does (SweepConfig, kept as sweep.json)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tuner.core import own_code, several_models
from tuner.core.confirm_request import TESTS
from tuner.core.data_options import DataOptions
from tuner.core.dataset_name import dataset_name
from tuner.core.errors import TunerError, describe_disk_error, one_line
from tuner.core.files import plain_slug, read_checked_json, slug, write_checked_json
from tuner.core.identity import DataIdentity
from tuner.core.objective import PLAIN, Goal
from tuner.core.records import Value
from tuner.core.search_options import ASHA_RUNGS, ASHA_RUNGS_BEFORE, SAMPLERS, SCHEDULERS
from tuner.core.target_kind import CLASSES, TASK_OPTION

CONFIG_FILE = "sweep.json"
OOM = ("fail", "halve-batch")
TRIALS = 24
MOST_TRIALS = MOST_EPOCHS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """Everything that decides what a sweep does; `resume` starts from it."""

    name: str
    dataset: str
    """A name of the catalog, FORMAT:PATH, or the name of a user's own code, see `core.own_code`."""
    model: str
    """A name of the catalog, or of a user's own code; or several, see `several_models`. See `model_name`."""
    trials: int
    """How many there are at most."""
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
    """The parsed TOML of the search space, with the overrides of the command line applied, and all start points."""
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
    passes: dict[str, float] | None = None
    """How often a trial sees the training samples in an epoch, by the title of its model: with `--fidelity seconds`, as
    often as takes the time of an epoch of the first model. None where that is once."""
    pretrained: str | None = None
    """The fingerprint of the weights that trials start from; empty when they start from none."""
    known_as: str | None = None
    """The name that `--as` gives the data, in place of the one from its path."""
    task: str = CLASSES.task
    """What is predicted: one of `target_kind.TASKS`."""
    asked_task: str | None = None
    """The same where `--task` said it; None where the target column decided."""
    options: dict[str, str] | None = None
    """The fields of the DataOptions that were given: how a user's own data are read and divided."""
    division: dict[str, Any] | None = None
    """What that came to: see `core.split_record`. None where nothing was said about it."""
    identity: dict[str, str] | None = None
    """The fields of the DataIdentity of a user's own data; None for a dataset of the catalog."""
    confirm: int = 0
    """With how many other seeds the best trial's parameters are trained again at the end of the search."""
    finalists: int = 0
    """Of how many of the best trials this is done, so that the winner is chosen by it; 0 for the winner alone."""
    ensemble: int = 0
    """How many models an ensemble has at most that is made of its trials at its end; 0 for none."""
    reshuffle: bool = False
    """Whether each of these seeds has its own division of the samples into training and validation."""
    folds: bool = False
    """Whether the samples are divided into folds, one for each of these seeds."""
    test: str = TESTS[0]
    """What is tested: one of TESTS."""
    sampler: str = SAMPLERS[0]
    """How points are drawn: one of SAMPLERS."""
    auto: str = ""
    """Why it was chosen, with `--sampler auto`; empty where a user named it."""
    scheduler: str = SCHEDULERS[0]
    """Which trials are stopped early: one of SCHEDULERS."""
    rungs: int = ASHA_RUNGS
    """How often `asha` compares trials at most. It stays as it was when the sweep began: a resumed one goes on by the
    same rule."""
    objective: str = PLAIN.objective_text
    """What trials are compared by, such as `val_loss:min`; two are divided by a comma. See `goal`."""
    constraint: str = PLAIN.constraint_text
    """What a winner must fulfill, such as `parameters<=300000`; several are divided by commas."""
    warm: dict[str, Any] | None = None
    """The trials of an earlier sweep that the sampler begins with: see `core.warm_trials`."""
    asked_trials: int = 0
    """How many trials were asked for, where the search space has fewer points; else 0."""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    """What the sweep was before it was changed, in order: see `core.earlier`."""
    epoch_budget: int | None = None
    """See BudgetRequest, also for the next three."""
    gpu_budget: float | None = None
    target_score: float | None = None
    patience: int | None = None
    default: bool = False
    """Whether the first trials are the default configurations: see `defaults`."""
    refit: bool = False
    """Whether the winner is trained again on training and validation samples together: see `core.refit`."""
    program: dict[str, Any] | None = None
    """What trains the trials in place of tuner's own loop: see `core.program`. None for a model on a dataset."""
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Distinguishes the sweep on a tracking server from sweeps of the same name in other folders."""

    @property
    def pair(self) -> str:
        """The name of the MLflow experiment; with one model, of the registered model, too."""
        return str(self.program["name"]) if self.program else f"{self.dataset_name}-{self.model_name}"

    @property
    def model_name(self) -> str:
        """The second half of it."""
        return several_models.title(self.model)

    @property
    def defaults(self) -> int:
        """How many of the first trials are default configurations, one of each model.

        They are trained in full, and the best trial is compared with the best of them at the end.
        """
        return len(several_models.models_in(self.model)) if self.default else 0

    @property
    def several(self) -> bool:
        """Whether the model is one of several: the first parameter of the search space."""
        return self.program is None and several_models.is_several(self.model)

    def model_of(self, parameters: Mapping[str, Value]) -> str:
        """The name of the model that a trial with these parameters has."""
        return several_models.model_of(self.model, parameters)

    def pair_of(self, parameters: Mapping[str, Value]) -> str:
        """The name under which the model of a trial with these parameters is registered."""
        if not self.several:
            return self.pair
        return f"{self.dataset_name}-{own_code.title(self.model_of(parameters))}"

    def passes_of(self, model: str) -> float:
        """How often a trial of this model sees the training samples in an epoch."""
        return (self.passes or {}).get(own_code.title(model), 1.0)

    @property
    def typed(self) -> list[str]:
        """DATASET and MODEL as words of a command line."""
        return [own_code.typed(self.dataset), several_models.typed(self.model)]

    @property
    def subject(self) -> str:
        """What is tuned, for people: `cnn on digits`, or a user's own training code."""
        if self.program:
            return str(self.program["shown"])
        return f"{several_models.shown(self.model)} on {self.dataset_name}"

    @property
    def dataset_name(self) -> str:
        """The first half of the pair's name."""
        earlier = self.identity is None  # its runs and its model have the name that the version of that time gave
        return self.known_as or dataset_name(self.dataset, self.target, plain_slug if earlier else slug)

    @property
    def data_identity(self) -> DataIdentity | None:
        """What the pair of a user's own data is known by; None for other data, and for sweeps of earlier versions."""
        try:
            return DataIdentity.from_json(self.identity) if self.identity else None
        except (KeyError, TypeError):
            return None

    @property
    def reading(self) -> DataOptions:
        """How a user's own data are read and divided."""
        return DataOptions.from_json(self.options)

    @property
    def data_options(self) -> list[str]:
        """`--target`, `--task`, `--as` and those of `reading` as words of a command line, where they were given."""
        given = {"--target": self.target, TASK_OPTION: self.asked_task, "--as": self.known_as}
        words = [word for option, value in given.items() if value for word in (option, value)]
        return words + self.reading.words()

    @property
    def goal(self) -> Goal:
        """What "better" means in this sweep."""
        return Goal.parse(self.objective, self.constraint, own=self.program is not None, task=self.task)

    def save(self, folder: Path) -> None:
        """Writes sweep.json."""
        write_checked_json(folder / CONFIG_FILE, asdict(self))

    def keep_code(self, folder: Path) -> None:
        """Writes a copy of the user's own code, if the sweep has any, into the sweep's new folder."""
        names = enumerate(several_models.models_in(self.model))
        models = {f"model-{place}" if place else "model": name for place, name in names}
        own_code.keep_in(folder, dataset=self.dataset, **models)

    @classmethod
    def load(cls, folder: Path) -> SweepConfig:
        """Reads sweep.json. Raises TunerError when it is missing or damaged, or may not be read."""
        path = folder / CONFIG_FILE
        own_code.adopt_folder(folder)
        try:
            raw = {"rungs": ASHA_RUNGS_BEFORE} | read_checked_json(path)
            needed = {each.name for each in fields(cls) if each.default is MISSING and each.name != "earlier"}
            later = {each.name for each in fields(cls)} & set(raw)
            return cls(**{name: raw[name] for name in needed | later})  # older sweeps lack those with a default
        except FileNotFoundError:
            raise TunerError(f"there is no sweep in {folder}: {CONFIG_FILE} is missing") from None
        except KeyError as error:
            raise TunerError(f"{path} is damaged: it has no {error}") from None
        except OSError as error:
            raise TunerError(describe_disk_error(error)) from None
        except ValueError as error:
            raise TunerError(f"{path} is damaged: {one_line(error)}") from None
