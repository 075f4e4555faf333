"""A command that nobody types: on a cluster's head it begins or ends what is served. `serve_cluster` hands it there."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from tuner.cli import serve_options as options
from tuner.cli.console import Command
from tuner.cli.serve_lines import say
from tuner.cli.serve_settings import settings_of
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.replicas import Replicas
from tuner.serving.model.usual import PORT

app = typer.Typer()
BEGIN, END = "serve-on-head", "end-on-head"


@app.command(BEGIN, cls=Command, hidden=True)
def begin(
    model: str,
    *,
    name: Annotated[str, typer.Option("--as")],
    host: options.Host = None,
    port: options.Port = None,
    no_token: options.NoToken = False,
    token_digest: Annotated[str, typer.Option(help="Of the token: what a job is told is no secret.")] = "",
    follow: options.Follow = 10.0,
    max_batch: options.MaxBatch = 64,
    max_wait: options.MaxWait = 0.0,
    threads: options.Threads = None,
    max_megabytes: options.MaxMegabytes = 16.0,
    max_samples: options.MaxSamples = 1024,
    replicas: options.ReplicaCount = None,
) -> None:
    """Serve a model by this name, with Ray Serve."""
    given = locals()
    if not (token_digest or no_token):
        raise TunerError("--token-digest or --no-token: give one of them")
    prepare_environment()
    from tuner.serving.model.cluster import deploy  # noqa: PLC0415 - imports Ray

    settings = replace(settings_of(given, here=False), token_digest=token_digest)
    deploy(model, name, settings, replicas=Replicas.parse(replicas or "1"), port=port or PORT, note=say)


@app.command(END, cls=Command, hidden=True)
def end(name: str) -> None:
    """End what is served by this name."""
    prepare_environment()
    from tuner.execution import ray_serve  # noqa: PLC0415 - imports Ray

    ray_serve.remove(name)
