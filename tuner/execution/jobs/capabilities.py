"""Asks a cluster, with a small job, what it has installed, before a sweep is submitted to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import requires

from tuner.core.environment import OUTPUT_MARK
from tuner.core.errors import TunerError
from tuner.core.package import digest
from tuner.execution.jobs.client import Jobs, output, parsed

PYTHON = (3, 11)
_SCRIPT = """
import sys
sys.path[:] = [each for each in sys.path if each]
import json
from importlib import metadata
def has(name):
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False
try:
    from tuner.core.package import digest
    code = digest()
except Exception:
    code = None
print({begin!r})
missing = [name for name in {names!r} if not has(name)]
print(json.dumps({{"python": list(sys.version_info[:3]), "code": code, "missing": missing}}))
"""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """The cluster's answer."""

    python: tuple[int, ...]
    same_code: bool
    """Whether exactly this version of tuner is installed there."""


def check_capabilities(jobs: Jobs) -> Capabilities:
    """Asks the cluster's head.

    Raises:
        TunerError: the cluster has the wrong version of Ray or Python, or lacks packages that tuner needs.
    """
    jobs.check_version()
    names = [match[0] for line in requires("tuner") or () if "extra ==" not in line if (match := _NAME.match(line))]
    lines, job = output(jobs, jobs.submit(["python", "-c", _SCRIPT.format(begin=OUTPUT_MARK, names=names)]))
    try:
        found = parsed(lines)
    except ValueError:
        raise TunerError(f"{jobs.address}: the head cannot run Python: {job.message.strip() or job.status}") from None
    version = ".".join(map(str, found["python"]))
    if tuple(found["python"]) < PYTHON:
        raise TunerError(f"{jobs.address}: the cluster runs Python {version}: tuner needs 3.11 or newer")
    if found["missing"]:
        missing = ", ".join(found["missing"])
        raise TunerError(f"{jobs.address}: the cluster's Python lacks {missing}: use the image of docker/ there")
    return Capabilities(python=tuple(found["python"]), same_code=found["code"] == digest())


_NAME = re.compile(r"[A-Za-z0-9._-]+")
