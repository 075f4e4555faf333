"""What follows a search: the best model is tested, registered and reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError, disk_error_text, one_line
from tuner.core.outcome import Outcome, RegisteredModel, Winner, read_result, read_winner
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import JOURNAL_FILE, MODEL_FOLDER
from tuner.data.encoding import to_raw
from tuner.report.make import Report, make_report
from tuner.search.study import Study
from tuner.search.study_reader import read_records
from tuner.sweeps.inputs import SweepInputs
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.finished_sweeps import log_winner
from tuner.tracking.registry import Candidate, register
from tuner.tracking.retry import error_cause, is_mlflow_error, retry
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.evaluation import Predictions
from tuner.training.saved_model import load_model


def read_outcome(config: SweepConfig, folder: Path) -> Outcome:
    """That of a finished sweep, as `write_result` has written it. Raises TunerError when a file of it is damaged."""
    from tuner.core.sweep_folder import REPORT_FOLDER, REPORT_PAGE  # noqa: PLC0415 - imports matplotlib

    records, result, page = (
        read_records(folder / JOURNAL_FILE),
        read_result(folder),
        folder / REPORT_FOLDER / REPORT_PAGE,
    )
    return Outcome(
        config=config,
        folder=folder,
        records=tuple(records),
        winner=read_winner(folder, records),
        seconds=result["seconds"],
        unsent=result["unsent"],
        report=page if page.exists() else None,
    )


def all_failed(records: list[TrialRecord], folder: Path) -> SweepError:
    """The error of a sweep in which no trial came to an end: the commonest reason speaks for all."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    if not reasons:
        return SweepError(f"no trial finished an epoch before the search ended; the sweep is kept in {folder}")
    [(reason, count)] = reasons.most_common(1)
    traced = any((folder / "trials").glob("*-error.txt"))  # a loss that is not finite has no more to tell
    details = f"; details in {folder}/trials" if traced else ""
    if len(records) == 1:
        return SweepError(f"the trial failed: {reason}{details}")
    failed = (
        f"{reasons.total()} of {len(records)} trials"
        if reasons.total() < len(records)
        else f"all {len(records)} trials"
    )
    return SweepError(f"{failed} failed, {count} of them with: {reason}{details}")


def publish(sweep: Path, store: Store | None, warn: Callable[[str], None]) -> Report:
    """Makes the report and sends it to the sweep's run in MLflow; what goes wrong with a part of that is a warning.

    Without a `store` it is not sent.
    """
    from tuner.tracking.artifacts import send_report  # noqa: PLC0415 - MLflow takes seconds to import

    report = make_report(sweep)
    for part, error in report.failed.items():
        warn(f"the report's part '{part}' could not be made: {error}")
    if store is None:
        return report
    try:
        send_report(store, SweepConfig.load(sweep), report.folder)
    except Exception as error:
        warn(f"the report is not in MLflow: {one_line(error)}")
    return report


EXAMPLES = 2  # samples that are stored with the registered model


def register_winner(
    config: SweepConfig, folder: Path, winner: Winner, store: Store, sweep: MlflowSweep, finished: float | None = None
) -> RegisteredModel:
    """Writes the winner to the sweep's run, registers its model, and ends the run as FINISHED.

    A second call changes nothing. `finished` is in seconds since 1970, by default now.
    """
    log_winner(store.uri, sweep.run_id, winner)
    _, spec = load_model(folder / MODEL_FOLDER)
    candidate = Candidate(
        name=config.pair,
        sweep=config.name,
        uid=config.uid,
        run_id=sweep.run_id,
        folder=folder / MODEL_FOLDER,
        data=spec,
        example=to_raw(spec, Predictions.load(folder).inputs[:EXAMPLES]),
        accuracy=winner.scores.accuracy,
        test_data=winner.test_data,
    )
    registered = register(store.uri, candidate)
    sweep.end("FINISHED", finished)
    return registered


@dataclass(frozen=True, kw_only=True)
class Finale:
    """The last steps of a sweep. MLflow, scikit-learn and matplotlib are imported only when they are needed."""

    config: SweepConfig
    materials: SweepInputs
    folder: Path
    store: Store
    console: Console
    kept: CheckpointStorage | None
    """Where the checkpoints are stored, if they are not in the folder."""

    def test(self, study: Study) -> Winner:
        """Tests the best trial's model on the test split. Raises SweepError when there is none."""
        from tuner.sweeps.final_test import test_best  # noqa: PLC0415

        best = study.best()
        if best is None:
            raise all_failed(study.records(), self.folder)
        with self.console.status("Testing the best model"):
            return test_best(self.config, self.materials.splits, best, self.folder, self.kept, self._warn)

    def register(self, outcome: Outcome, winner: Winner, tracker: BackgroundTracker) -> Outcome:
        """Uploads the rest of the record and the model to MLflow. The outcome says why something is missing there."""

        with self.console.status("Registering the best model"):
            sweep = None
            try:
                unsent, sweep = tracker.close(), tracker.sweep
                if sweep is None:
                    return replace(outcome, unsent=unsent)
                model = retry(lambda: register_winner(outcome.config, self.folder, winner, self.store, sweep))
            except BaseException as error:
                with suppress(Exception):  # leave no run RUNNING, if possible
                    if sweep:
                        sweep.end("KILLED")
                if not is_mlflow_error(error):
                    raise
                return replace(outcome, unsent=error_cause(error))
            return replace(outcome, winner=replace(winner, model=model), unsent=unsent)

    def report(self, outcome: Outcome) -> Outcome:
        """Makes the report. A failure is a warning: the result is safe, and the report can be made again."""

        def warn(message: str) -> None:
            self._warn(f"{message}; to make the report again: tuner report {self.config.name}")

        try:
            with self.console.status("Making the report"):
                made = publish(self.folder, None if outcome.unsent else self.store, warn)
                return replace(outcome, report=made.page)
        except (Exception, KeyboardInterrupt) as error:
            warn(f"there is no report: {disk_error_text(error) or one_line(error)}")
            return outcome

    def _warn(self, message: str) -> None:
        self.console.print(f"warning: {message}", markup=False, soft_wrap=True)

    def drop_kept(self, outcome: Outcome) -> None:
        """Deletes the checkpoints in the storage, which are not needed once the winner is registered."""
        if self.kept and outcome.winner and outcome.winner.model:
            with suppress(Exception):  # leftover files only cost disk space
                self.kept.clear()
