"""The JSON of commands about what is kept: sync, promote, rename, rm, du, doctor."""

from __future__ import annotations

from tuner.serving.schemas.base import Json


class Synced(Json):
    """What was sent to MLflow of a sweep, or why nothing was."""

    sweep: str
    trials: int
    """How many were incomplete in MLflow."""
    epochs: int
    model: str
    """Where it was registered, if it was not before."""
    note: str
    """How it stands to the champion of its pair."""
    report: bool
    left_out: str
    unsent: str
    """Why a part is still missing there."""


class Promoted(Json):
    """The model that is the champion now."""

    model: str
    version: int
    before: int | None
    """The champion until now."""
    sweep: str
    remark: str
    keep: bool
    """Whether it stays the champion until the next `tuner promote`."""


class Renamed(Json):
    """A sweep with another name."""

    before: str
    sweep: str
    runs: int
    """How many runs in MLflow have the new name."""
    report: bool
    """Whether there is a report, which shows the earlier name until it is made again."""
    unfinished: str
    """Why MLflow still has the earlier name in places."""


class Removed(Json):
    """What was deleted of a sweep."""

    sweep: str
    bytes: int
    runs: int
    models: list[str]
    """Its registered versions."""
    kept: list[str]
    """Those of them that were kept."""
    notes: list[str]
    unfinished: str
    """Why the deletion is not at its end."""


class SweepDisk(Json):
    """What a sweep takes, in bytes."""

    sweep: str
    folder: int
    artifacts: int
    """Its report and models in the MLflow store of the folder of sweeps."""
    deleting: bool
    bytes: int
    """Both."""


class DiskUse(Json):
    """What everything takes, in bytes."""

    home: str
    data: str
    sweeps: list[SweepDisk]
    store: int
    """The MLflow store without the artifacts of these sweeps."""
    others: dict[str, int]
    datasets: dict[str, int]
    total: int
    free: int


class Finding(Json):
    """One finding of `tuner doctor`."""

    name: str
    text: str
    mend: str
    """What to do; empty when all is good."""
    good: bool
