"""The command serve on the head of a cluster, as a job: see `serve_cluster`, which hands it there."""

from __future__ import annotations

from tuner.cli.serve_lines import say
from tuner.core.replicas import Replicas
from tuner.execution import ray_serve
from tuner.serving.model.cluster import deploy
from tuner.serving.model.settings import Settings


def run(model: str, name: str, settings: Settings, port: int, replicas: Replicas, *, end: bool) -> None:
    """Begins to serve a model by this name, or ends it."""
    if end:
        ray_serve.remove(name)
    else:
        deploy(model, name, settings, replicas=replicas, port=port, note=say)
