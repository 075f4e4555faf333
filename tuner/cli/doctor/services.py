"""The services that `tuner doctor` checks: the MLflow store, and a Ray cluster with its token."""

from __future__ import annotations

import json
import os
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path

from tuner.cli.doctor.finding import Finding
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.execution.jobs.address import cluster_address

ANSWER_S = 10
_GENERATE = "ray get-auth-token --generate"


def mlflow() -> Iterator[Finding]:
    """Whether the tracking store answers and accepts the login."""
    from tuner.tracking.store import Store  # noqa: PLC0415 - imports torch

    home = tuner_home()
    store = Store.of(home)
    if store.embedded:
        yield _embedded(home / "mlflow.db")
        return
    try:
        store.check()
    except TunerError as error:
        mend = "fix this, or unset MLFLOW_TRACKING_URI to track sweeps in TUNER_HOME"
        yield Finding(name="MLflow", text=str(error), mend=mend)
        return
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    yield Finding(name="MLflow", text=f"{store.address} answers{f' to {user}' if user else ''}")


def token() -> Iterator[Finding]:
    """Where Ray's token is stored, and whether other users can read it."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        yield Finding(name="token", text="in RAY_AUTH_TOKEN")
        return
    path = _token_file()
    if path.exists():
        mode = path.stat().st_mode & 0o777
        readable = mode & 0o077
        text = f"in {path}" + (f", which other users can read (mode {mode:o})" if readable else "")
        yield Finding(name="token", text=text, mend=f"chmod 600 {path}" if readable else "")
    elif os.environ.get("RAY_AUTH_TOKEN_PATH"):
        mend = f"(umask 077; openssl rand -hex 32 > {path}), or unset RAY_AUTH_TOKEN_PATH"
        yield Finding(name="token", text=f"RAY_AUTH_TOKEN_PATH={path}: no such file", mend=mend)
    else:
        yield Finding(name="token", text=f"none: local sweeps need none; for your own cluster: {_GENERATE}")


def cluster(option: str | None) -> Iterator[Finding]:
    """Whether the cluster for sweeps answers, accepts the token and has the same version of Ray as this machine."""
    try:
        address = cluster_address(option)
    except TunerError as error:
        yield Finding(name="cluster", text=str(error), mend="correct --address or TUNER_ADDRESS")
        return
    if address:
        yield _ask(address)
    else:
        yield Finding(name="cluster", text="none: sweeps run on this machine; to use a cluster, give --address")


def _embedded(database: Path) -> Finding:
    if not database.exists():
        return Finding(name="MLflow", text=f"{database}, which the first sweep will create")
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=ANSWER_S)) as connection:
            runs = connection.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        return Finding(name="MLflow", text=f"{database}: {error}", mend=f"mv {database} {database}.damaged")
    return Finding(name="MLflow", text=f"{database}, {runs} runs")


def _ask(address: str) -> Finding:
    request = urllib.request.Request(f"{address}/api/version")
    mend = ""
    try:
        if secret := _token():
            request.add_header("Authorization", f"Bearer {secret}")
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            theirs = str(json.load(answer)["ray_version"])
    except urllib.error.HTTPError as error:
        text = f"{address} answers {error.code} {error.reason}"
        if error.code in (401, 403):
            text = f"{address} {'does not accept the token' if secret else 'asks for a token'}"
            mend = f"put the cluster's token into RAY_AUTH_TOKEN, or into {_token_file()} with mode 600"
    except (OSError, HTTPException) as error:
        text = f"{address} does not answer: {getattr(error, 'reason', error)}"
    except (ValueError, KeyError, TypeError):  # not shown: http.client quotes a header that it refuses
        text = f"{address} is not a Ray dashboard, or the token is malformed"
    else:
        text, ours = f"{address} runs Ray {theirs}", version("ray")
        if theirs.split(".")[:2] == ours.split(".")[:2]:
            return Finding(name="cluster", text=text)
        mend = f"the cluster's image needs Ray {ours}, as on this machine"
    return Finding(name="cluster", text=text, mend=mend or "give the dashboard address of a running cluster")


def _token_file() -> Path:
    return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")


def _token() -> str:
    path = _token_file()
    return (os.environ.get("RAY_AUTH_TOKEN") or (path.read_text(encoding="utf-8") if path.exists() else "")).strip()
