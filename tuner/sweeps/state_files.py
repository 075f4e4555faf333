"""The files that the state of a sweep is read from."""

from __future__ import annotations

from pathlib import Path

from tuner.core.sweep_folder import SweepFolder

FileState = tuple[int, int, int]
"""What a file is known by without reading it: inode, bytes and the time of its last change."""
NO_FILE: FileState = (0, 0, 0)


def state_of(path: Path) -> FileState:
    """NO_FILE where there is none, or it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return NO_FILE
    return found.st_ino, found.st_size, found.st_mtime_ns


def state_files(folder: SweepFolder) -> tuple[Path, ...]:
    """All of them: a state is as it was when they are, and the two locks too. Of the report, only whether it is there.

    The configuration is the first one: without it there is no sweep.
    """
    return (
        *(folder.config, folder.driver, folder.order, folder.error, folder.result),
        *(folder.report_note, folder.report_page, folder.confirm_plan, folder.refit_plan, *journals(folder)),
    )


def journals(folder: SweepFolder) -> tuple[Path, ...]:
    """Those that grow: the study, and those of later trainings."""
    return folder.journal, folder.confirmation.journal, folder.refit.journal


def locks(folder: SweepFolder) -> tuple[Path, ...]:
    """Held while the sweep runs, and while its report is drawn."""
    return folder.lock, folder.report_lock
