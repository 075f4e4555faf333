"""The JSON of commands that make something of trained models, or only plan: export, ensemble, sweep --dry-run."""

from __future__ import annotations

from typing import Literal

from tuner.serving.schemas.base import Difference, Interval, Json
from tuner.serving.schemas.outcomes import Registered
from tuner.serving.schemas.scores import ClassScores, NumberScores


class AnswerCheck(Json):
    """The answers of a model and of the file that was made of it, for the same samples."""

    split: Literal["test", "validation", "made-up"]
    """`made-up` where the data is not at hand: then there are no scores."""
    samples: int
    largest: float
    """The largest difference of a probability; of numbers, in standard deviations of the target."""
    changed: int
    """For how many samples another class is said; of numbers 0."""
    numbers: bool
    """Whether the model says numbers."""
    score: Literal["accuracy", "r2", ""]
    """Empty without true answers."""
    before: float | None
    """The score of the model."""
    before_error: float | None
    """Its standard error."""
    before_interval: Interval | None
    after: float | None
    """The score of the file."""
    after_error: float | None
    after_interval: Interval | None
    difference: Difference | None
    """By how much the file is better."""


class Measured(Json):
    """The size and speed of a model."""

    bytes: int
    latency_ms: dict[str, float]
    """The median time by the size of the batch, in milliseconds; empty without `--benchmark`."""


class Exported(Json):
    """A model as one file."""

    model: str
    """As it was named."""
    file: str
    to: Literal["onnx", "torch"]
    int8: bool
    check: AnswerCheck
    unchecked: str
    """Why it was not checked on the test set; empty when it was."""
    validation: AnswerCheck | None
    """With `--int8`: what decided that it was kept."""
    registered: Measured
    """The model."""
    exported: Measured
    """The file."""


class EnsembleMember(Json):
    """A trained model in a mixture."""

    key: str
    """The number of the trial, or what tells a training that confirms one apart."""
    model: str
    share: float
    """Those of all members sum to 1."""


class Gain(Json):
    """How much better a mixture is than the single winner, on validation samples that it was not chosen on."""

    single: float
    """The score of the winner."""
    crossed: float
    """The score of the mixtures."""
    chosen: float
    """That of the final one on the samples that it was chosen on: too high."""
    difference: Difference
    """Of the scores, `crossed` minus `single`."""
    loss: float
    """By how much the loss is lower."""
    loss_error: float
    """Its standard error."""
    loss_interval: Interval
    wins: bool
    """Whether it is better by more than noise."""


class Mixture(Json):
    """An ensemble, or a soup."""

    kind: Literal["ensemble", "soup"]
    members: list[EnsembleMember]
    gain: Gain | None
    """null where one member is all that was picked."""
    samples: int
    """Of the validation split."""
    test: ClassScores | NumberScores | None
    """null while it is not tested: what does not win is not."""
    test_difference: Difference | None
    """From the single winner, on the same test samples."""
    bytes: int
    latency_ms: dict[str, tuple[float, float]]
    """By the size of the batch: of the single winner, and of the mixture."""
    folder: str
    """Where its files are, within the sweep's folder; empty while it is not kept."""
    model: Registered | None


class Ensemble(Json):
    """What came of mixing the models of a sweep."""

    sweep: str
    winner: int
    """The trial of the single winner."""
    size: int
    """How many models it may have."""
    trials: int
    """How many the sweep had."""
    candidates: list[str]
    """The keys of all that could be picked."""
    ensemble: Mixture
    soup: Mixture | None
    """null where no two candidates have one architecture and the same pretrained weights."""
    looks: int
    """How many mixtures of the sweep have been tested on the test split, up to now."""


class DryRun(Json):
    """A sweep that was not started."""

    sweep: str
    """The name that it would have."""
    trials: int
    max_epochs: int
    concurrency: int
    cpus_per_trial: int
    gpus_per_trial: float
    time_budget: float | None
    epochs_expected: int
    """Of all trials together."""
    epoch_seconds: dict[str, float]
    """Of each model, as measured here with the default parameters; empty where nothing can be measured."""
    seconds: float | None
    """Until the end of the search, roughly; null where that is not known before it runs."""
    lines: list[str]
    """The same for people."""
