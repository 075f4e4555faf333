"""The command ui: the page of all sweeps, and MLflow's UI beside it."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli.console import Command, err
from tuner.cli.options import Address
from tuner.core.environment import prepare_environment
from tuner.core.files import tuner_home

if TYPE_CHECKING:
    from tuner.serving.board.cluster import Cluster

app = typer.Typer()
TOKEN = "TUNER_UI_TOKEN"
PAGE = "--page-port"


@app.command(cls=Command)
def ui(
    *,
    port: Annotated[int, typer.Option(metavar="N", help="Port of MLflow's UI on 127.0.0.1.")] = 5000,
    page_port: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Port of the page of sweeps; by default the next free one after that of --port."
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address that the page of sweeps listens on: with 0.0.0.0 other machines reach it, by the token.",
        ),
    ] = "127.0.0.1",
    optuna: Annotated[
        bool, typer.Option("--optuna", help="Offer optuna-dashboard for each sweep, where that is installed.")
    ] = False,
    address: Address = None,
) -> None:
    """Open a page of all sweeps of this folder, and MLflow's UI beside it, until Ctrl-C stops them.

    The page shows sweeps live, and can stop, pause, resume and start them, with the token that is part of its address.
    With --address it is about the sweeps of a cluster; nothing but the port of the Ray dashboard is needed.

    Examples:  tuner ui   |   tuner ui --port 5050 --optuna   |   tuner ui --address http://head:8265
    """
    prepare_environment()
    from tuner.execution.jobs.address import cluster_address  # noqa: PLC0415

    cluster = cluster_address(address) or ""
    raise typer.Exit(_run(tuner_home(), port, page_port, host, cluster=cluster, optuna=optuna, err=err))


def _run(home: Path, port: int, page_port: int | None, host: str, *, cluster: str, optuna: bool, err: Console) -> int:
    """Returns the exit status."""
    from tuner.cli.mlflow_ui import mlflow_beside, mlflow_of_cluster  # noqa: PLC0415
    from tuner.serving.access import new_token  # noqa: PLC0415
    from tuner.serving.board.app import make_app  # noqa: PLC0415 - imports FastAPI
    from tuner.serving.board.optuna_dashboard import MISSING, OptunaDashboards, is_installed  # noqa: PLC0415
    from tuner.serving.board.settings import Settings  # noqa: PLC0415
    from tuner.serving.listening import address_of, listen_where_asked  # noqa: PLC0415
    from tuner.serving.server import Server, run  # noqa: PLC0415
    from tuner.tracking.store import Store  # noqa: PLC0415

    store = Store.of(home)
    token, offered = new_token(TOKEN), optuna and is_installed()
    with ExitStack() as stack:
        listener = stack.enter_context(listen_where_asked(host, page_port, port + 1, PAGE))
        page = int(listener.getsockname()[1])
        there = stack.enter_context(_cluster_at(cluster, err)) if cluster else None
        server = mlflow_of_cluster(store, err) if there else mlflow_beside(stack, store, home, port, err)
        shown = there.mirror.home if there else home
        dashboards = OptunaDashboards(shown, page + 1) if offered else None
        if dashboards:
            stack.callback(dashboards.close)
        note = MISSING if optuna and not offered else ""
        settings = Settings(
            home=shown, token=token, host=host, mlflow=server, optuna=offered, optuna_note=note, cluster=cluster
        )
        made = make_app(settings, dashboards, there)
        if note:
            err.print(note)
        where = f"All sweeps of {cluster}:" if cluster else "All sweeps:"
        address = f"{address_of(host, page)}/#token={token}"
        err.print(f"{where}  {address}   (Ctrl-C stops it)", soft_wrap=True, markup=False)
        if not cluster:
            _name_clusters(home, err)
        run(Server(made.app, made.close), listener)
    return 0


def _cluster_at(address: str, err: Console) -> AbstractContextManager[Cluster]:
    from tuner.cli.ui_cluster import cluster_at  # noqa: PLC0415 - imports Ray

    return cluster_at(address, err)


def _name_clusters(home: Path, err: Console) -> None:
    """Says how the sweeps are seen that were sent to clusters from here."""
    from tuner.execution.jobs.address import clusters  # noqa: PLC0415

    for each in clusters(home):
        err.print(f"Those on {each}:  tuner ui --address {each}", soft_wrap=True, markup=False)
