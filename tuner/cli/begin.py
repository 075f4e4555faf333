"""Runs a sweep that a command asks for: here, in the background, on a Ray cluster, or as a job of Slurm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.cli.console import err, out, print_json
from tuner.cli.dashboard import check_here
from tuner.cli.dry_run import show_dry_run
from tuner.cli.given import Way
from tuner.cli.hints import print_hints
from tuner.cli.slurm import check_alone, submit
from tuner.core.errors import TunerError

if TYPE_CHECKING:
    from tuner.core.callback import Callback
    from tuner.core.outcome import Outcome
    from tuner.core.sweep_request import SweepRequest


def begin(request: SweepRequest, way: Way) -> int:
    """Runs the sweep where it is meant to. Returns the exit status."""
    if way.dry_run:
        return show_dry_run(request, way)
    if way.slurm is not None:
        check_alone(way.address, attach=way.attach, detach=way.detach, dashboard=way.dashboard, wait=way.wait)
        return submit(request, way.slurm, as_json=way.as_json, out=out, err=err)
    from tuner.execution.jobs.address import cluster_address  # noqa: PLC0415

    cluster = cluster_address(way.address)
    if way.attach and not cluster:
        raise TunerError("--attach follows a sweep on a cluster: add --address with the cluster's address")
    if cluster:
        check_here(cluster, dashboard=way.dashboard)
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        return remote.sweep(request, cluster, attach=way.attach, as_json=way.as_json, out=out, err=err)
    return begin_here(request, way)


def begin_here(request: SweepRequest, way: Way) -> int:
    """Runs it on this machine. Returns the exit status."""
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.sweeps import api, preparation  # noqa: PLC0415 - imports torch

    if way.detach:
        config, _, _ = preparation.begin(request, callbacks=[printer.notes_of(err)])
        return run_in_background(config.name, dashboard=way.dashboard, as_json=way.as_json)

    def call(callback: Callback) -> Outcome:
        return api.sweep(request, callbacks=[callback], dashboard=way.dashboard)

    return printer.run(call, as_json=way.as_json, wait=way.wait, out=out, err=err)


def run_in_background(name: str, *, as_json: bool, dashboard: bool = False) -> int:
    """Runs what is left of a sweep in the background. Returns the exit status."""
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.core.sweep_folder import SweepFolder  # noqa: PLC0415
    from tuner.sweeps import control  # noqa: PLC0415

    process = control.detach(name, dashboard=dashboard)
    err.print(f"{name} runs in the background (process {process}):")
    if dashboard:
        err.print(f"the dashboard's address will be in {SweepFolder(tuner_home() / name).output}", soft_wrap=True)
    print_hints(name, err)
    if as_json:
        print_json({"sweep": name, "folder": str(tuner_home() / name)}, out)
    return 0
