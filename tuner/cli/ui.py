"""The command ui: the page of all sweeps, and MLflow's UI beside it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli.console import Command, err
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home

if TYPE_CHECKING:
    from tuner.tracking.store import Store

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
) -> None:
    """Open a page of all sweeps of this folder, and MLflow's UI beside it, until Ctrl-C stops them.

    The page shows sweeps live, and can stop, pause, resume and start them, with the token that is part of its address.

    Examples:  tuner ui   |   tuner ui --port 5050 --optuna
    """
    prepare_environment()
    raise typer.Exit(_run(tuner_home(), port, page_port, host, optuna=optuna, err=err))


def _run(home: Path, port: int, page_port: int | None, host: str, *, optuna: bool, err: Console) -> int:
    """Returns the exit status."""
    from tuner.core.sweep_folder import sweep_names  # noqa: PLC0415
    from tuner.serving.access import new_token  # noqa: PLC0415
    from tuner.serving.board.app import make_app  # noqa: PLC0415 - imports FastAPI
    from tuner.serving.board.optuna_dashboard import MISSING, OptunaDashboards, is_installed  # noqa: PLC0415
    from tuner.serving.board.settings import Settings  # noqa: PLC0415
    from tuner.serving.listening import address_of, listen, listen_from  # noqa: PLC0415
    from tuner.serving.server import Server, run  # noqa: PLC0415
    from tuner.tracking.store import Store  # noqa: PLC0415

    store = Store.of(home)
    if store.embedded and not (home / "mlflow.db").exists() and not sweep_names(home):
        raise TunerError(f"there are no sweeps in {home}: start one with tuner sweep, or set TUNER_HOME")
    token, offered = new_token(TOKEN), optuna and is_installed()
    with ExitStack() as stack:
        server = _mlflow(stack, store, port, err)
        listener = listen_from(host, port + 1, PAGE) if page_port is None else listen(host, page_port, PAGE)
        page = int(listener.getsockname()[1])
        dashboards = OptunaDashboards(home, page + 1) if offered else None
        if dashboards:
            stack.callback(dashboards.close)
        note = MISSING if optuna and not offered else ""
        settings = Settings(home=home, token=token, host=host, mlflow=server, optuna=offered, optuna_note=note)
        made = make_app(settings, dashboards)
        if note:
            err.print(note)
        err.print(
            f"All sweeps:  {address_of(host, page)}/#token={token}   (Ctrl-C stops it)", soft_wrap=True, markup=False
        )
        run(Server(made.app, made.close), listener)
    return 0


def _mlflow(stack: ExitStack, store: Store, port: int, err: Console) -> str:
    """Starts MLflow's UI on the embedded store, or names the server that is in use. Returns its address."""
    from tuner.cli.mlflow_ui import mlflow_ui  # noqa: PLC0415

    if not store.local:
        err.print(f"The sweeps are tracked by the MLflow server at {store.address}: open that address in a browser.")
        return store.address.rstrip("/")
    if store.file is not None and not store.file.exists():
        return ""
    return stack.enter_context(mlflow_ui(store, port, err))
