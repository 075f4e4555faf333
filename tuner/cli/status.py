"""What `tuner status` and `tuner logs` print, once or again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tuner.cli.console import json_text, print_json
from tuner.cli.progress import ProgressView
from tuner.cli.status_table import print_statuses, status_lines
from tuner.cli.sweep_tables import print_status
from tuner.core.deletion import unfinished_deletions
from tuner.core.disk_usage import disk_usage
from tuner.core.errors import printable
from tuner.core.files import tuner_home
from tuner.core.summary import Summary
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.logs import follow_events
from tuner.sweeps.status import POLL_S, Status
from tuner.sweeps.sweep_reader import SweepReader, all_statuses

ALL_S = 2.0  # between two looks at all sweeps
PIPED_S = 10.0  # the same, where each prints a table below the last one


def show_status(
    name: str | None, *, watch: bool, as_json: bool, elsewhere: bool = False, out: Console, err: Console
) -> int:
    """Prints the state of all sweeps, or of one; with `watch` until none of them runs any more.

    If there are none, that is said, unless sweeps `elsewhere` are shown too.
    """
    home = tuner_home()
    if name is None:
        return _status_of_all(home, watch=watch, as_json=as_json, elsewhere=elsewhere, out=out, err=err)
    sweep = SweepReader(name, home)
    if watch and as_json:
        return _watch_json(sweep, out)
    if watch:
        _watch(sweep, err)
    now = sweep.status()
    if as_json:
        print_json({**now.to_json(), "disk_bytes": disk_usage(sweep.folder)}, out)
    else:
        print_status(now, sweep.folder, out)
    return 1 if now.state in ("failed", "crashed") else 0


def show_logs(name: str, *, trial: int | None, follow: bool, out: Console) -> int:
    """Prints what has happened, and with `follow` what happens until the sweep stops running."""
    sweep = SweepReader(name, tuner_home())
    for event in follow_events(sweep, trial, follow=follow):
        out.print(event.line(), markup=False)
    folder = SweepFolder(sweep.folder)
    details = folder.error
    if trial is not None:
        details = folder.trials / f"{trial:04d}-error.txt"
    if details.exists():
        out.print(details.read_text(encoding="utf-8", errors="replace").rstrip(), markup=False)
    return 0


def _status_of_all(home: Path, *, watch: bool, as_json: bool, elsewhere: bool, out: Console, err: Console) -> int:
    """Prints all sweeps; with `watch` again and again, until none runs. Returns 1 when one of them is damaged."""
    found, damaged = _watch_all(home, out, as_json=as_json) if watch else all_statuses(home)
    if as_json and not watch:
        print_json([each.to_json() for each in found], out)
    elif not as_json and (found or not elsewhere):
        print_statuses(found, home, out)
        for deletion in unfinished_deletions(home):
            out.print(f"being deleted: {deletion.name} (to finish it: tuner rm {deletion.name})", markup=False)
        if elsewhere:
            out.print()
    for reason in damaged:
        err.print(f"left out: {printable(reason)}", markup=False, soft_wrap=True)
    return 1 if damaged else 0


def _watch_all(home: Path, out: Console, *, as_json: bool) -> tuple[list[Status], list[str]]:
    """A live table on a terminal; elsewhere the table, or a line of JSON, each time that something has changed."""
    readers: dict[str, SweepReader] = {}
    before: list[str] = []
    table = Live(console=out, auto_refresh=False, transient=True) if out.is_terminal and not as_json else None
    with table or nullcontext():
        while True:
            found, damaged = all_statuses(home, readers)
            running = any(each.running for each in found)
            lines = [json_text([each.to_json() for each in found])] if as_json else status_lines(found, out.width)
            if table:
                table.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True)
            elif lines != before and (running or as_json):
                out.print("\n".join(lines), markup=False, soft_wrap=True)
            if not running:
                return found, damaged
            before = lines
            time.sleep(ALL_S if table or as_json else PIPED_S)


def _watch(sweep: SweepReader, err: Console) -> None:
    now = sweep.status()
    with ProgressView(sweep.config, err) as view:
        while now.running:
            view.tick(_always(now.summary))
            time.sleep(POLL_S)
            now = sweep.status()


def _always(summary: Summary) -> Callable[[], Summary]:
    return lambda: summary


def _watch_json(sweep: SweepReader, out: Console) -> int:
    """A line for each moment, so that another process can show it."""
    while True:
        now = sweep.status()
        out.print(json_text(now.to_json()), markup=False, highlight=False, soft_wrap=True)
        if not now.running:
            return 0 if now.state in ("finished", "paused") else 1
        time.sleep(POLL_S)
