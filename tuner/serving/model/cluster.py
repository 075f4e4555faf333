"""A model on the Ray cluster that this process runs on: several servers of it behind one address, with Ray Serve.

Each replica is a server as `run.serve` runs one, with its own network, batches and metrics, and each follows the alias.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.replicas import Replicas
from tuner.execution import ray_serve
from tuner.serving.access import digest_of
from tuner.serving.model.settings import Settings
from tuner.serving.model.usual import EVERYWHERE, TOKEN

END_S = 30.0  # for requests that a replica answers when it is to end
_DEFAULTS = Settings(host=EVERYWHERE)


def deploy(
    model: str,
    name: str,
    settings: Settings,
    *,
    replicas: Replicas,
    port: int,
    note: Callable[[str], None],
) -> None:
    """Serves a model below the path /NAME, in place of one that is served by this name, and waits until it answers.

    Args:
        model: of the registry, as `sweeps.model_lookup.find_model` takes it.
        name: the name by which it is served.
        settings: how each replica answers; its `host` is where Ray Serve listens.
        replicas: how many there are.
        port: where Ray Serve listens, unless it does already.
        note: is told what a person should know.

    Raises:
        TunerError: there is no such model, or it cannot be loaded.
    """
    from tuner.serving.model.metrics import Metrics  # noqa: PLC0415
    from tuner.serving.model.source import Source  # noqa: PLC0415 - imports torch

    home = tuner_home()
    source = Source(model, home, settings, Metrics(), note)
    found = source.find(note)
    if found.path is not None:
        raise TunerError(f"{model} is a folder or file of the head, and a cluster serves registered models: {_GIVE}")
    source.version_at(found)
    app = _application(model, home, settings, replicas)
    ray_serve.deploy(app, name, host=settings.host, port=port, note=note)


_GIVE = "give a pair such as digits-cnn, or models:/NAME@champion"


def build(options: dict[str, Any]) -> Any:
    """The application for Ray Serve's own files: their `import_path` is `tuner.serving.model.cluster:build`.

    `options` are the file's `args`: `model`, and perhaps `replicas`, `no_token`, and the names of `Settings`. The token
    is in TUNER_SERVE_TOKEN of the nodes' environment.

    Raises:
        TunerError: an option is unknown, or there is neither a token nor `no_token`.
    """
    prepare_environment()
    given = dict(options)
    model, replicas = given.pop("model", ""), Replicas.parse(str(given.pop("replicas", 1)))
    token, open_to_all = os.environ.get(TOKEN, "").strip(), given.pop("no_token", False)
    unknown = sorted(set(given) - set(asdict(_DEFAULTS)))
    if unknown or not model:
        raise TunerError(f"args: unknown {', '.join(unknown)}" if unknown else f"args: model is missing: {_GIVE}")
    if not token and not open_to_all:
        raise TunerError(f"set {TOKEN} in the environment of the nodes, or no_token: true")
    settings = Settings(**{**asdict(_DEFAULTS), "token_digest": digest_of(token), **given})
    return _application(model, tuner_home(), settings, replicas)


def _application(model: str, home: Path, settings: Settings, replicas: Replicas) -> Any:
    return ray_serve.application(
        partial(_replica, model, str(home), settings),
        replicas=replicas,
        cpus=settings.threads,
        most_ongoing=2 * settings.most_batch,
        most_queued=settings.most_waiting,
        end_s=END_S,
    )


def _replica(model: str, home: str, settings: Settings, replica: str) -> ASGIApp:
    """Loads the model in the process of a replica."""
    prepare_environment()
    import torch  # noqa: PLC0415 - the variables are set before

    from tuner.serving.model.app import make_app  # noqa: PLC0415
    from tuner.serving.model.mounted import Mounted  # noqa: PLC0415
    from tuner.serving.model.server import ModelServer  # noqa: PLC0415

    torch.set_num_threads(settings.threads)
    say = logging.getLogger("ray.serve").warning  # the log that Ray Serve keeps of each replica
    return Mounted(make_app(ModelServer(model, Path(home), settings, say, replica)))


def name_of(model: str) -> str:
    """The name by which a model is served: `digits-cnn` for models:/digits-cnn@champion.

    Raises:
        TunerError: it would be no name, as that of a file.
    """
    plain = model.removeprefix("models:/")
    name = re.split("[@/]", plain)[0] if plain != model else model
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or Path(model).is_file():
        raise TunerError(f"{model} is no registered model, and a cluster serves those alone: {_GIVE}")
    return name
