"""What follows a search: the best model is tested once, registered, and reported on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from tuner.config import SweepConfig
from tuner.disk import trouble
from tuner.errors import one_line
from tuner.materials import Materials
from tuner.outage import cause, insist, is_mlflows
from tuner.outcome import Outcome, Winner, all_failed
from tuner.search import Study
from tuner.storage import Storage
from tuner.store import Store
from tuner.tracker import Tracker


@dataclass(frozen=True, kw_only=True)
class Finale:
    """The last steps of a sweep. MLflow, scikit-learn and matplotlib are imported when they are needed."""

    config: SweepConfig
    materials: Materials
    folder: Path
    store: Store
    console: Console
    kept: Storage | None
    """Where the checkpoints are, when they are not in the folder."""

    def test(self, study: Study) -> Winner:
        """Tests the best trial's model on the test split. Raises SweepError when there is none."""
        from tuner.crown import crown  # noqa: PLC0415

        best = study.best()
        if best is None:
            raise all_failed(study.records(), self.folder)
        with self.console.status("Testing the best model"):
            return crown(self.config, self.materials.splits, best, self.folder, self.kept, self._warn)

    def register(self, outcome: Outcome, winner: Winner, tracker: Tracker) -> Outcome:
        """Sends MLflow the rest, and the model. What it does not take is said in the outcome."""
        from tuner.handover import hand_over  # noqa: PLC0415

        with self.console.status("Registering the best model"):
            sweep = None
            try:
                unsent, sweep = tracker.close(), tracker.sweep
                if sweep is None:
                    return replace(outcome, unsent=unsent)
                model = insist(lambda: hand_over(outcome.config, self.folder, winner, self.store, sweep))
            except BaseException as error:
                with suppress(Exception):  # no run is left RUNNING, if that can be helped
                    if sweep:
                        sweep.end("KILLED")
                if not is_mlflows(error):
                    raise
                return replace(outcome, unsent=cause(error))
            return replace(outcome, winner=replace(winner, model=model), unsent=unsent)

    def report(self, outcome: Outcome) -> Outcome:
        """Makes the report. A failure is a warning: the result is safe, and the report can be made again."""
        from tuner.report.make import publish  # noqa: PLC0415

        def warn(message: str) -> None:
            self._warn(f"{message}; to make the report again: tuner report {self.config.name}")

        try:
            with self.console.status("Making the report"):
                made = publish(self.folder, None if outcome.unsent else self.store, warn)
                return replace(outcome, report=made.page)
        except (Exception, KeyboardInterrupt) as error:
            warn(f"there is no report: {trouble(error) or one_line(error)}")
            return outcome

    def _warn(self, message: str) -> None:
        self.console.print(f"warning: {message}", markup=False, soft_wrap=True)

    def drop_kept(self, outcome: Outcome) -> None:
        """Once the winner is registered, checkpoints that lie elsewhere are not needed any more."""
        if self.kept and outcome.winner and outcome.winner.model:
            with suppress(Exception):  # what remains there costs disk, and no sweep
                self.kept.clear()
