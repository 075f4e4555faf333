"""The command du."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from tuner.cli.console import Command, err, out, print_json
from tuner.cli.options import AsJson
from tuner.core.environment import prepare_environment
from tuner.core.files import data_root, tuner_home
from tuner.core.units import format_number

if TYPE_CHECKING:
    from tuner.sweeps.disk import DiskUse

app = typer.Typer()


@app.command(cls=Command)
def du(*, as_json: AsJson = False) -> None:
    """Show what sweeps, the MLflow store, caches and data take on the disk.

    Of a sweep: its folder, and its report and models in the MLflow store of the folder of sweeps.
    """
    prepare_environment()
    from tuner.sweeps.disk import measure_disk  # noqa: PLC0415

    with err.status("Measuring"):
        found = measure_disk(tuner_home(), data_root())
    if as_json:
        sweeps = [{**asdict(each), "bytes": each.bytes} for each in found.sweeps]
        whole = {**asdict(found), "home": str(found.home), "data": str(found.data), "sweeps": sweeps}
        print_json(whole, out)
        return
    _print(found)


def _print(found: DiskUse) -> None:
    rows: list[tuple[int, str]] = []
    for each in sorted(found.sweeps, key=lambda sweep: -sweep.bytes):
        parts = f"folder {format_number(each.folder, 'B')}, in MLflow {format_number(each.artifacts, 'B')}"
        deleting = f", being deleted: tuner rm {each.sweep} finishes it" if each.deleting else ""
        rows.append((each.bytes, f"{each.sweep}  ({parts if each.artifacts else 'folder'}{deleting})"))
    rows.append((found.store, "MLflow  (the rest of the store)" if found.sweeps else "MLflow"))
    rows += [(size, name) for name, size in found.others.items()]
    _print_part(f"{found.home}", rows)
    _print_part(f"{found.data}", [(size, name) for name, size in found.datasets.items()])
    out.print(f"{format_number(found.total, 'B'):>9}  in all; {format_number(found.free, 'B')} are free", markup=False)


def _print_part(heading: str, rows: list[tuple[int, str]]) -> None:
    rows = [(size, text) for size, text in rows if size]
    if not rows:
        return
    out.print(heading, markup=False, soft_wrap=True)
    for size, text in rows:
        out.print(f"{format_number(size, 'B'):>9}  {text}", markup=False, soft_wrap=True)
    out.print()
