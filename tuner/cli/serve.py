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
from tuner.cli.serve_token import token_of
from tuner.core.environment import on_cluster, prepare_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.replicas import Replicas
from tuner.serving.model.usual import EVERYWHERE, HOST, PORT

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
    token_digest: options.TokenDigest = "",
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
    prepare_environment()
    from tuner.execution.jobs.address import cluster_address  # noqa: PLC0415

    cluster, on_head = cluster_address(address), on_cluster()
    if cluster is None and not on_head:
        asked = {"--replicas": replicas, "--as": name, "--replace": replace, "--attach": attach}
        _refuse_here({**asked, "--stop": end, "--list": all_})
    if all_ and cluster is not None:
        from tuner.cli.serve_cluster import show_all  # noqa: PLC0415

        raise typer.Exit(show_all(cluster))
    if model is None:
        raise TunerError("MODEL is missing: give a pair such as digits-cnn, or models:/NAME@champion")
    here = cluster is None and not on_head
    own = _settings(host, follow, max_batch, max_wait, threads, max_megabytes, max_samples, here=here)
    count = Replicas.parse(replicas or "1")
    if cluster is None and on_head:
        from tuner.cli.serve_on_head import run  # noqa: PLC0415

        if not (token_digest or no_token or end):
            raise TunerError("on a cluster's head: --token-digest or --no-token")
        run(model, name or model, changed(own, token_digest=token_digest), port or PORT, count, end=end)
    elif cluster is None:
        _serve_here(model, own, port, token_file, no_token=no_token)
    else:
        from tuner.cli.serve_cluster import Wanted, serve_there, stop_there  # noqa: PLC0415

        if end:
            raise typer.Exit(stop_there(model, name, cluster))
        token = token_of(token_file, no_token=no_token, local=False)
        wanted = Wanted(
            model, name, own, token, count, host=host, port=port, replace=replace, attach=attach, typed=bool(address)
        )
        raise typer.Exit(serve_there(wanted, cluster))


def _refuse_here(asked: Mapping[str, object]) -> None:
    """Raises TunerError for an option that only a cluster has."""
    given = next((option for option, value in asked.items() if value), None)
    if given is not None:
        raise TunerError(f"{given} is for a cluster: give its address with --address")


def _settings(
    host: str | None,
    follow: float,
    max_batch: int,
    max_wait: float,
    threads: int | None,
    max_megabytes: float,
    max_samples: int,
    *,
    here: bool,
) -> Settings:
    """How it answers, but for the token."""
    from tuner.core.machine import cpu_count  # noqa: PLC0415
    from tuner.serving.model.settings import MB, Settings  # noqa: PLC0415

    return Settings(
        host=host or (HOST if here else EVERYWHERE),
        most_batch=max_batch,
        wait_s=max_wait / 1000,
        most_bytes=int(max_megabytes * MB),
        most_samples=max_samples,
        follow_s=follow,
        threads=(max(1, cpu_count() - 1) if here else 1) if threads is None else threads,
        encoders=max(2, cpu_count()) if here else 2,
    )


def _serve_here(model: str, settings: Settings, port: int | None, token_file: Path | None, *, no_token: bool) -> None:
    """Serves it on this machine until a signal comes."""
    from tuner.serving.access import digest_of, is_loopback  # noqa: PLC0415
    from tuner.serving.listening import address_of, listen, listen_from  # noqa: PLC0415

    host = settings.host
    token = token_of(token_file, no_token=no_token, local=is_loopback(host))
    settings = changed(settings, token_digest=digest_of(token))
    with listen_from(host, PORT) if port is None else listen(host, port) as listener:
        from tuner.serving.model.run import serve as run  # noqa: PLC0415 - torch takes seconds

        number = int(listener.getsockname()[1])
        if port is None and number != PORT:
            say(f"note: port {PORT} is taken, so this is {number}")
        address = address_of(host, number)
        run(model, tuner_home(), settings, listener, say, lambda: tell(model, address, token, "Ctrl-C stops it"))
