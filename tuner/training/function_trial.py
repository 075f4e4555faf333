"""A trial that a user's own function trains. It runs in a Ray worker, as `trial` does for tuner's own loop."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tuner.core import code_import
from tuner.core.errors import one_line
from tuner.core.kept_code import KeptCode
from tuner.core.objective import Goal
from tuner.core.program import FUNCTION_NAME, USAGE
from tuner.core.records import Value, trial_seed
from tuner.core.sweep_folder import checkpoint_folder, output_file
from tuner.core.trial_report import Report, TrialReport
from tuner.training.checkpoint_manager import UnsavedError
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.checkpoint_sync import release_folder
from tuner.training.job import Arrays
from tuner.training.memory import is_out_of_memory
from tuner.training.own_state import STATE_FILE, DamagedStateError, SavedState, from_bytes
from tuner.training.own_trial import OwnStates, Trial, TrialEnded
from tuner.training.reproducibility import current_conditions
from tuner.training.stored_states import StoredStates

FILES = "files"  # the folder of a trial's own files, in the one of its state
MOST_PRINTED = 5_000_000  # characters of a trial's output that are kept
Code = KeptCode | bytes
"""A file with what it imports, or a function that cloudpickle has pickled: one of a notebook or a script."""


@dataclass(frozen=True, kw_only=True)
class FunctionJob:
    """See Job."""

    sweep: str
    code: Code
    epochs: int
    seed: int
    threads: int
    gpus: float
    folder: Path
    """The folder of the trials' folders, on the node that a trial runs on."""
    goal: Goal
    saves: bool
    """See Program."""
    storage: CheckpointStorage | None = None

    @property
    def workers(self) -> int:
        """See Job. A function has all GPUs of its trial for itself."""
        return 1

    def hold(self, arrays: Arrays, device: torch.device) -> tuple[Callable[[Trial], Any], torch.device]:  # noqa: ARG002
        """The function, and its device."""
        return function_in(self.code), device

    def run(
        self,
        number: int,
        parameters: Mapping[str, Value],
        held: tuple[Callable[[Trial], Any], torch.device],
        report: Report,
    ) -> None:
        """See Job."""
        function, device = held
        folder = checkpoint_folder(self.folder, number)
        states = OwnStates(folder / STATE_FILE)
        if self.storage:
            states = StoredStates(folder, self.storage)
        saved, notes = _restored(states)
        seed = trial_seed(self.seed, number)
        conditions = current_conditions(device, threads=self.threads, workers=1)
        (folder / FILES).mkdir(parents=True, exist_ok=True)
        trial = Trial(
            number=number,
            parameters=parameters,
            seed=seed,
            device=device.type,
            folder=folder / FILES,
            epochs=self.epochs,
            goal=self.goal,
            states=states,
            saved=saved,
            saves=self.saves,
            report=report,
            told=TrialReport(seed=seed, conditions=conditions.to_json(), notes=notes),
        )
        try:
            failure = self._call(function, trial, output_file(self.folder, number))
        finally:
            if self.storage:
                release_folder(folder)
        if trial.ended:
            raise SystemExit
        report(failure or TrialReport(ended=True))

    def _call(self, function: Callable[[Trial], Any], trial: Trial, output: Path) -> TrialReport | None:
        """Runs the function to its end. Gives the report of why it failed; None when it did not, or was ended."""
        try:
            with printing_to(output):
                trial.tell_again()
                torch.manual_seed(trial.seed)
                function(trial)
                trial.finish()
        except TrialEnded:
            pass
        except UnsavedError as error:
            return TrialReport(unsaved=str(error))
        except (Exception, SystemExit) as error:
            details = traceback.format_exc()
            traceback.clear_frames(error.__traceback__)
            reason = explained(self.code, error)
            return TrialReport(error=reason, details=details, out_of_memory=is_out_of_memory(error))
        return None


def function_in(code: Code) -> Callable[[Trial], Any]:
    """The user's function. Raises TunerError when its file cannot be imported, or has no such function."""
    if isinstance(code, bytes):
        function: Callable[[Trial], Any] = from_bytes(code)
        return function
    return code_import.function_of(code, FUNCTION_NAME, 1, USAGE)


def explained(code: Code, error: BaseException) -> str:
    """An error of the user's code in one line, with the line of it that it came from."""
    if isinstance(error, SystemExit):
        error = RuntimeError(f"it called sys.exit({'' if error.code is None else repr(error.code)})").with_traceback(
            error.__traceback__
        )
    if isinstance(code, KeptCode):
        return code.explain(error)
    frames = [each for each in traceback.extract_tb(error.__traceback__) if Path(each.filename).parent != _OURS]
    own = [each for each in frames if "site-packages" not in each.filename] or frames
    place = f"line {own[-1].lineno} of {own[-1].name}: " if own else ""
    return f"{place}{type(error).__name__}: {one_line(error)}"


_OURS = Path(__file__).parent


def _restored(states: OwnStates) -> tuple[SavedState | None, tuple[str, ...]]:
    try:
        return states.read(), ()
    except DamagedStateError as error:
        return None, (f"{error}: it begins anew",)


@contextmanager
def printing_to(file: Path) -> Iterator[None]:
    """What the code in the block prints is appended to a file: a trial's progress is shown by its reports."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", errors="replace", buffering=1) as opened:
        printed = Limited(opened)
        with redirect_stdout(printed), redirect_stderr(printed):
            yield


class Limited(io.TextIOBase):
    """A text file that takes so much and no more."""

    def __init__(self, file: Any, most: int = MOST_PRINTED) -> None:
        self._file = file
        self._left = most - file.tell()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._left > 0:
            self._file.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._file.write("\n... the rest is left out\n")
        return len(text)

    def flush(self) -> None:
        self._file.flush()
