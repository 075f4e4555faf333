"""Applications on the Ray cluster that this process runs on, with Ray Serve: several processes behind one address.

What they answer is an ASGI application that the caller makes: servers are no matter of this room.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from tuner.core.errors import TunerError, printable
from tuner.core.replicas import Replicas
from tuner.execution.ray_session import connect

Make = Callable[[str], Any]
"""Makes the ASGI application of a replica, in its process, of the replica's name."""
POLL_S = 0.5
PATIENCE_S = 20.0  # after which it is said what a replica waits for
QUIET = {"enable_access_log": False}  # a line for each request would fill the disk, and costs as much as an answer
TRIES = 2  # of a replica to begin
NO_SERVE = "Ray Serve is not installed there: use the image of docker/, or pip install 'tuner[ray-serve]'"


def application(make: Make, *, replicas: Replicas, cpus: int, most_ongoing: int, most_queued: int, end_s: float) -> Any:
    """An application for `deploy`, or for the `import_path` of a file for `serve deploy`.

    Args:
        make: see `Make`. It travels to the replicas, so it is a function of a module, perhaps with bound arguments.
        replicas: how many there are. Between the limits, one is added for each quarter of `most_ongoing` requests.
        cpus: cores that each has for itself.
        most_ongoing: requests that a replica works on at a time.
        most_queued: requests that wait for a replica; others are refused with 503.
        end_s: how long requests may take that run when a replica ends.
    """
    serve = _library()

    def build() -> Any:
        return make(serve.get_replica_context().replica_id.unique_id)

    scale: dict[str, Any] = {"num_replicas": replicas.least}
    if replicas.least != replicas.most:
        limits = {"min_replicas": replicas.least, "max_replicas": replicas.most}
        scale = {"autoscaling_config": {**limits, "target_ongoing_requests": max(1, most_ongoing // 4)}}
    deployment = serve.deployment(
        serve.ingress(build)(),
        name="model",
        **scale,
        ray_actor_options={"num_cpus": cpus},
        max_ongoing_requests=most_ongoing,
        max_queued_requests=most_queued,
        backpressure_config={"retry_after_s": 1},
        graceful_shutdown_timeout_s=end_s,
        max_constructor_retry_count=TRIES,
        logging_config=QUIET,
        max_surge_percent=1,  # an update begins one more before it ends an old one
    )
    return deployment.bind()


def deploy(app: Any, name: str, *, host: str, port: int, note: Callable[[str], None]) -> None:
    """Runs an application below the path /NAME, in place of one of this name, and waits until all its replicas answer.

    Args:
        app: see `application`.
        name: of the application.
        host: where Ray Serve listens on each node, unless it does already.
        port: see `host`.
        note: is told what a person should know.

    Raises:
        TunerError: a replica cannot begin.
    """
    serve = _connected()
    there = serve.status().applications.get(name)
    serve.start(proxy_location="EveryNode", http_options={"host": host, "port": port}, logging_config=QUIET)
    target = serve.RunTarget(target=app, name=name, route_prefix=f"/{name}")
    serve.run_many([target], wait_for_applications_running=False)
    since, told = time.monotonic(), False
    while (now := serve.status().applications.get(name)) is None or now.status != "RUNNING":
        if now is None or now.status == "DELETING":
            raise TunerError(f"{name} was ended before all its replicas answered")
        if now.status == "DEPLOY_FAILED":
            reason = _reason([now.message, *(each.message for each in now.deployments.values())])
            if there is None or there.status == "DEPLOY_FAILED":  # else the one before goes on
                remove(name)
            raise TunerError(f"{name} cannot be served: {reason}")
        if not told and time.monotonic() - since > PATIENCE_S:
            told = True
            note("note: not all replicas have begun: each needs CPU cores that no trial and no other replica has")
        time.sleep(POLL_S)


def remove(name: str) -> None:
    """Ends an application once what was asked is answered; and Ray Serve, if it was the last."""
    serve = _connected()
    if name in serve.status().applications:
        serve.delete(name)
    if not serve.status().applications:
        serve.shutdown()


def _connected() -> Any:
    serve = _library()
    connect()
    logging.getLogger("ray.serve").setLevel(logging.ERROR)  # our own lines are what a person reads
    return serve


def _library() -> Any:
    try:
        from ray import serve  # noqa: PLC0415 - needs packages that sweeps do not
    except ImportError:
        raise TunerError(NO_SERVE) from None
    return serve


def _reason(messages: list[str]) -> str:
    """The line of an error that says most: the last one of a traceback."""
    text = next((each for each in reversed(messages) if each.strip()), "no reason is given")
    lines = [line.strip() for line in text.splitlines() if "Error: " in line]
    return printable(lines[-1].partition("Error: ")[2] if lines else text)
