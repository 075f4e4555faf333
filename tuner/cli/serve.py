"""The command serve: a model over HTTP, with a page to try it, on this machine or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tuner.cli import serve_options as options
from tuner.cli.console import Command
from tuner.cli.options import Address
from tuner.cli.saved_model_argument import SavedModelOrNone
from tuner.cli.serve_lines import say, tell
from tuner.cli.serve_settings import model_of, settings_of
from tuner.cli.serve_token import token_of
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.serving.model.usual import PORT

if TYPE_CHECKING:
    from tuner.serving.model.settings import Settings

app = typer.Typer()


@app.command(cls=Command)
def serve(
    model: SavedModelOrNone = None,
    *,
    host: options.Host = None,
    port: options.Port = None,
    token_file: options.TokenFile = None,
    no_token: options.NoToken = False,
    follow: options.Follow = 10.0,
    max_batch: options.MaxBatch = 64,
    max_wait: options.MaxWait = 0.0,
    threads: options.Threads = None,
    max_megabytes: options.MaxMegabytes = 16.0,
    max_samples: options.MaxSamples = 1024,
    address: Address = None,
    replicas: options.ReplicaCount = None,
    name: options.As = None,
    replace: options.Replace = False,
    attach: options.Attach = False,
    end: options.End = False,
    all_: options.All = False,
) -> None:
    """Serve a model over HTTP, with a page to try it, until Ctrl-C; or on a Ray cluster, with Ray Serve.

    Requests are those of MLflow's server (/invocations), or files, texts and rows (/predict); /docs lists them all.

    Examples:  tuner serve digits-cnn   |   tuner serve models:/digits-cnn@champion --host 0.0.0.0 --port 80
    |   tuner serve digits-cnn --address http://head:8265 --replicas 1..4
    """
    given = locals()
    prepare_environment()
    from tuner.execution.jobs.address import cluster_address  # noqa: PLC0415

    cluster = cluster_address(address)
    if cluster is not None:
        from tuner.cli.serve_cluster import run_there  # noqa: PLC0415 - imports Ray

        raise typer.Exit(run_there(given, cluster))
    _refuse_here(given)
    _serve_here(model_of(model), settings_of(given, here=True), port, token_file, no_token=no_token)


def _refuse_here(given: Mapping[str, object]) -> None:
    """Raises TunerError for an option that only a cluster has."""
    for name, option in options.ON_CLUSTER.items():
        if given[name]:
            raise TunerError(f"{option} is for a cluster: give its address with --address")


def _serve_here(model: str, settings: Settings, port: int | None, token_file: Path | None, *, no_token: bool) -> None:
    """Serves it on this machine until a signal comes."""
    from tuner.serving.access import digest_of, is_loopback  # noqa: PLC0415
    from tuner.serving.listening import address_of, listen_where_asked  # noqa: PLC0415

    host = settings.host
    token = token_of(token_file, no_token=no_token, local=is_loopback(host))
    settings = changed(settings, token_digest=digest_of(token))
    with listen_where_asked(host, port, PORT) as listener:
        from tuner.serving.model.run import serve as run  # noqa: PLC0415 - torch takes seconds

        number = int(listener.getsockname()[1])
        if port is None and number != PORT:
            say(f"note: port {PORT} is taken, so this is {number}")
        address = address_of(host, number)
        run(model, tuner_home(), settings, listener, say, lambda: tell(model, address, token, "Ctrl-C stops it"))
