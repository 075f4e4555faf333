"""The files of a sweep that was submitted to Slurm: they are there before its folder."""

from __future__ import annotations

from pathlib import Path

from tuner.core.sweep_folder import SLURM_FOLDER


def script_file(home: Path, name: str) -> Path:
    """What `sbatch` takes."""
    return home / SLURM_FOLDER / f"{name}.sh"


def log_file(home: Path, name: str) -> Path:
    """What the sweep's jobs print."""
    return home / SLURM_FOLDER / f"{name}.log"


def forget_submission(home: Path, name: str) -> None:
    """Deletes them, where there are any: the name is free then, and no job can begin the sweep anew."""
    for path in (script_file(home, name), log_file(home, name)):
        path.unlink(missing_ok=True)
