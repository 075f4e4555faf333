"""A sweep's folder: its name and the names of the files in it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tuner.core.config import CONFIG_FILE, SweepConfig
from tuner.core.errors import TunerError, unknown
from tuner.core.files import write_atomic

JOURNAL_FILE, PREDICTIONS_FILE, REPORT_PAGE = "study.log", "predictions.safetensors", "report.html"
SUBMITTED_FOLDER = "submitted"  # in the home folder: a file for each sweep that was submitted to a cluster
UPLOADS_FOLDER = "uploads"  # in the home folder of a cluster's head: files that were sent along with a sweep
SLURM_FOLDER = "slurm"  # in the home folder: the script and the log of each sweep that was submitted to Slurm
RESERVED = ("mlflow.db", "artifacts", "pictures", SUBMITTED_FOLDER, UPLOADS_FOLDER, SLURM_FOLDER)


@dataclass(frozen=True)
class SweepFolder:
    """The folder of a sweep, and where each of its files is."""

    path: Path

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.path.name

    @property
    def home(self) -> Path:
        """The folder of all sweeps."""
        return self.path.parent

    @property
    def config(self) -> Path:
        """What the sweep does: see SweepConfig."""
        return self.path / CONFIG_FILE

    @property
    def journal(self) -> Path:
        """The Optuna study."""
        return self.path / JOURNAL_FILE

    @property
    def trials(self) -> Path:
        """Checkpoints, a folder each, and the details of errors."""
        return self.path / "trials"

    @property
    def ray(self) -> Path:
        """Ray Tune's own files: never read, deleted at the end."""
        return self.path / "ray"

    @property
    def result(self) -> Path:
        """What the sweep came to: see `result_file.write_result`. It is there once the sweep is finished."""
        return self.path / "result.json"

    @property
    def confirmation(self) -> SweepFolder:
        """The folder of the trainings that confirm a trial: they have a study and checkpoints of their own."""
        return SweepFolder(self.path / "confirm")

    @property
    def confirm_plan(self) -> Path:
        """Which trainings these are: see `confirmation.ConfirmPlan`. It is there once the search is over."""
        return self.confirmation.path / "plan.json"

    @property
    def refit(self) -> SweepFolder:
        """The folder of the training on all samples but those of the test set: see `core.refit`."""
        return SweepFolder(self.path / "refit")

    @property
    def refit_plan(self) -> Path:
        """How it is trained: see `refit.RefitPlan`. It is there once the search, and a confirmation, are over."""
        return self.refit.path / "plan.json"

    @property
    def earlier_result(self) -> Path:
        """The result of before, while a finished sweep grows: see `sweeps.growth`."""
        return self.path / "earlier-result.json"

    @property
    def earlier_plan(self) -> Path:
        """The plan of before, while a sweep grows whose winner was confirmed."""
        return self.confirmation.path / "earlier-plan.json"

    @property
    def model(self) -> Path:
        """The folder of the winner."""
        return self.path / "model"

    @property
    def ensemble(self) -> Path:
        """The folder of what several of its models were made into: see `sweeps.ensemble`."""
        return self.path / "ensemble"

    @property
    def ensemble_report(self) -> Path:
        """What that came to: see `core.ensemble.EnsembleReport`."""
        return self.ensemble / "ensemble.json"

    @property
    def code(self) -> Path:
        """The folder with the copy of a user's own training code."""
        return self.path / "code" / "train"

    @property
    def predictions(self) -> Path:
        """What the winner predicted for the test split."""
        return self.path / PREDICTIONS_FILE

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    @property
    def report_page(self) -> Path:
        """The report as a page."""
        return self.report / REPORT_PAGE

    @property
    def report_lock(self) -> Path:
        """Held by the process that draws the report."""
        return self.path / "report.lock"

    @property
    def report_note(self) -> Path:
        """That it is being drawn, or what went wrong: see `sweeps.drawing`. There is none once all is well."""
        return self.path / "report-note.json"

    @property
    def error(self) -> Path:
        """Why the sweep failed: see `write_error`."""
        return self.path / "error.txt"

    @property
    def output(self) -> Path:
        """What a sweep in the background prints."""
        return self.path / "output.txt"

    @property
    def notify(self) -> Path:
        """Whom to tell how the sweep has ended: see `sweeps.notify`."""
        return self.path / "notify"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the sweep."""
        return self.path / "lock"

    @property
    def sync_lock(self) -> Path:
        """Held by a process that does not run the sweep, but needs it unchanged."""
        return self.path / "sync.lock"

    @property
    def driver(self) -> Path:
        """Which process runs the sweep, or ran it last."""
        return self.path / "driver.json"

    @property
    def order(self) -> Path:
        """What another process asks of the one that runs the sweep."""
        return self.path / "order"

    @property
    def gate(self) -> Path:
        """Held while an order is given or the sweep begins to run."""
        return self.path / "order.lock"


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
    found = [(time, path.name) for path in home.iterdir() if (time := _began(path)) is not None]
    return [name for _, name in sorted(found)]


def sweeps_in(home: Path) -> Iterator[tuple[SweepFolder, SweepConfig]]:
    """The sweeps in `home` with their configurations, oldest first. Those that cannot be read are left out."""
    for name in sweep_names(home):
        with suppress(TunerError):
            yield SweepFolder(home / name), SweepConfig.load(home / name)


def _began(folder: Path) -> float | None:
    """When the sweep in this folder was begun; None where there is none. One that may not be read counts as a sweep."""
    if folder.name.startswith(".") or folder.name in RESERVED:
        return None
    try:
        config = (folder / CONFIG_FILE).stat()
    except PermissionError:
        return folder.lstat().st_mtime
    except OSError:
        return None
    return config.st_mtime if stat.S_ISREG(config.st_mode) else None


def write_error_details(folder: Path, number: int, details: str) -> None:
    """Writes details of a trial's failure, such as a traceback."""
    path = folder / f"{number:04d}-error.txt"
    with suppress(OSError):  # the trial's reason is known without them
        if details:
            write_atomic(path, lambda file: file.write(details.encode()))


def checkpoint_folder(trials_folder: Path, number: int) -> Path:
    """The folder of a trial's checkpoints."""
    return trials_folder / f"{number:04d}"


def output_file(trials_folder: Path, number: int) -> Path:
    """What a user's own code has printed in a trial."""
    return trials_folder / f"{number:04d}-output.txt"


def write_error(folder: Path, text: str) -> None:
    """Stores why a sweep failed, for `tuner status` and `logs`. If the disk does not accept it, it is left out."""
    with suppress(OSError):
        write_atomic(SweepFolder(folder).error, lambda file: file.write(f"{text}\n".encode(errors="replace")))
