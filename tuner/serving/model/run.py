"""Runs the server of a model until a signal ends it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import torch

from tuner.serving.model.app import make_app
from tuner.serving.model.protocol import LimitedProtocol
from tuner.serving.model.server import ModelServer, Say
from tuner.serving.model.settings import Settings
from tuner.serving.server import Server, run

END_S = 30  # for requests that are being answered when the server is to end


def serve(
    name: str, home: Path, settings: Settings, listener: socket.socket, say: Say, ready: Callable[[], object]
) -> None:
    """Loads a model and serves it until SIGINT or SIGTERM; then answers what has been asked, and returns.

    Args:
        name: as `sweeps.model_lookup.find_model` takes it.
        home: the folder of all sweeps.
        settings: how it answers.
        listener: see `serving.listening`.
        say: is told what a person should know.
        ready: is called once, when requests are answered.

    Raises:
        TunerError: there is no such model, or it cannot be loaded.
    """
    torch.set_num_threads(settings.threads)
    run(http_server(ModelServer(name, home, settings, say), ready), listener)


def http_server(model: ModelServer, ready: Callable[[], object] = lambda: None) -> Server:
    """What answers its requests; it does not run yet."""
    return Server(make_app(model), ready=ready, end_s=END_S, http=LimitedProtocol, date_header=False)
