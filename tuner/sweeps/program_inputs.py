"""What the trials of a user's own code start from: the code, as it was when the sweep began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.environment import was_sent
from tuner.core.errors import TunerError
from tuner.core.files import write_atomic
from tuner.core.kept_code import KeptCode, is_kept
from tuner.core.program import SCRIPT, Program
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.script_trial import ScriptJob
from tuner.training.checkpoint_storage import CheckpointStorage, scratch_folder
from tuner.training.function_trial import Code, FunctionJob
from tuner.training.job import Arrays, Job

PICKLED = "function.pkl"


@dataclass(frozen=True)
class ProgramInputs:
    """See Inputs."""

    program: Program
    code: Code | None
    """None for a program whose command names no file."""
    notes: Sequence[str] = ()

    @classmethod
    def open(cls, config: SweepConfig, folder: SweepFolder) -> ProgramInputs:
        """The code of a sweep that goes on. Raises TunerError when the copy is missing or was changed."""
        assert config.program is not None
        program = Program.from_json(config.program)
        if program.kind == SCRIPT and not was_sent():
            _check_place(program)
        if is_kept(folder.code):
            kept = KeptCode.open(folder.code)
            changed = "" if was_sent() else kept.changed()  # there the files are where the sweep was sent from
            goes_on = "with its copy, as it was when the sweep began"
            if program.kind == SCRIPT:
                goes_on = "with the program as it is now"
            return cls(program, kept, (f"{changed}: the sweep goes on {goes_on}",) if changed else ())
        if program.kind == SCRIPT:
            return cls(program, None)
        try:
            return cls(program, (folder.code / PICKLED).read_bytes())
        except OSError as error:
            raise TunerError(f"the code of {config.name} cannot be read: {folder.code}: {error.strerror}") from None

    def save(self, folder: Path) -> None:
        """Writes the copy into a sweep's folder."""
        place = SweepFolder(folder).code
        if isinstance(self.code, KeptCode):
            self.code.save(place)
        elif self.code is not None:
            write_atomic(place / PICKLED, lambda file, code=self.code: file.write(code))  # type: ignore[misc]

    def to_arrays(self) -> Arrays:
        """Nothing: the code goes with the job."""
        return {}

    def job(
        self,
        config: SweepConfig,
        folder: SweepFolder,
        storage: CheckpointStorage | None,
        rungs: tuple[int, ...],  # noqa: ARG002 - each epoch that is reported may be one
    ) -> Job:
        """See Inputs."""
        common: dict[str, Any] = {
            "sweep": config.name,
            "epochs": config.epochs,
            "seed": config.seed,
            "threads": config.cpus_per_trial,
            "gpus": config.gpus_per_trial,
            "folder": scratch_folder(config.uid) if storage else folder.trials,
            "goal": config.goal,
        }
        if self.program.kind == SCRIPT:
            here = None if was_sent() else Path(self.program.folder)
            files = self.code if isinstance(self.code, KeptCode) else None
            return ScriptJob(command=self.program.command, place=here, files=files, **common)
        assert self.code is not None
        return FunctionJob(code=self.code, saves=self.program.saves, storage=storage, **common)


def _check_place(program: Program) -> None:
    """Raises TunerError when the folder of a program is gone: it is run there, with its data."""
    if not Path(program.folder).is_dir():
        raise TunerError(f"--script: the folder that the program was run in is gone: {program.folder}")
