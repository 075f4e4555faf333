"""What a cluster serves with Ray Serve, as its dashboard tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from tuner.core.errors import TunerError, printable
from tuner.execution.jobs.client import Jobs
from tuner.execution.ray_serve import NO_SERVE

RUNNING, FAILED = "RUNNING", "DEPLOY_FAILED"  # states


@dataclass(frozen=True, kw_only=True)
class Served:
    """An application."""

    name: str
    state: str
    """Ray Serve's word."""
    message: str
    """Ray Serve's, of an application that does not run."""
    address: str
    """Of its page, on the head."""
    replicas: int
    """That answer."""
    wanted: int


@dataclass(frozen=True, kw_only=True)
class ClusterServing:
    """All of a cluster."""

    listens: tuple[str, int] | None
    """Where Ray Serve listens on each node; None while it does not run."""
    applications: Mapping[str, Served]


def ask_served(jobs: Jobs) -> ClusterServing:
    """Asks it.

    Raises:
        TunerError: it has no Ray Serve, or does not answer.
    """
    status, found = jobs.get("/api/serve/applications/")
    if status == HTTPStatus.NOT_IMPLEMENTED:
        raise TunerError(f"{jobs.address}: {NO_SERVE}")
    if status != HTTPStatus.OK or not isinstance(found, dict):
        raise TunerError(f"{jobs.address}: its dashboard does not tell what is served (status {status})")
    options = found.get("http_options") or {}
    listens = (str(options["host"]), int(options["port"])) if options.get("port") else None
    known = {
        name: _served(name, each, jobs.address, listens) for name, each in (found.get("applications") or {}).items()
    }
    return ClusterServing(listens=listens, applications=known)


def address_at(cluster: str, port: int, route: str) -> str:
    """The address of a page that Ray Serve answers for, on the machine of a cluster's dashboard."""
    host = urlsplit(cluster).hostname or ""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{route.rstrip('/')}/"


def _served(name: str, found: Mapping[str, Any], cluster: str, listens: tuple[str, int] | None) -> Served:
    replicas = [each for deployment in found["deployments"].values() for each in deployment["replicas"]]
    wanted = sum(deployment.get("target_num_replicas", 0) for deployment in found["deployments"].values())
    route = found.get("route_prefix")
    return Served(
        name=name,
        state=str(found["status"]),
        message=printable(str(found.get("message") or "")),
        address=address_at(cluster, listens[1], route) if listens and route else "",
        replicas=sum(each["state"] == RUNNING for each in replicas),
        wanted=wanted,
    )
