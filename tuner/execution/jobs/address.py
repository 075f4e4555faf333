"""Which cluster a command is for."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tuner.core.errors import TunerError
from tuner.core.files import is_folder, write_atomic
from tuner.core.sweep_folder import SUBMITTED_FOLDER

HERE = "local"


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A sweep that was submitted to a cluster."""

    name: str
    address: str
    job: str
    """The submission id of its last job."""

    def save(self, home: Path) -> None:
        """Writes its file, so that later commands find the sweep without --address."""
        content = json.dumps(asdict(self), indent=2) + "\n"
        write_atomic(home / SUBMITTED_FOLDER / f"{self.name}.json", lambda file: file.write(content.encode()))


def submitted(home: Path) -> dict[str, Submitted]:
    """The sweeps that were submitted to clusters from this home folder, by name."""
    found = {}
    for path in sorted((home / SUBMITTED_FOLDER).glob("*.json")):
        try:
            found[path.stem] = Submitted(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue  # an incomplete file is ignored
    return found


def forget(name: str, home: Path) -> None:
    """Forgets where a sweep was submitted to."""
    (home / SUBMITTED_FOLDER / f"{name}.json").unlink(missing_ok=True)


def cluster_address(option: str | None) -> str | None:
    """The http address of the cluster that a command is for, or None for this machine.

    It comes from `--address`, else TUNER_ADDRESS, else RAY_ADDRESS if that is an http address. `--address local` means
    this machine.

    Raises:
        TunerError: the address is not an http address.
    """
    name, value = "--address", option
    if value is None:
        name, value = "TUNER_ADDRESS", os.environ.get("TUNER_ADDRESS")
    if not value:
        ray = os.environ.get("RAY_ADDRESS", "")
        if not ray.startswith(("http://", "https://")):
            return None
        name, value = "RAY_ADDRESS", ray
    if value == HERE:
        return None
    if not _is_http(value):
        raise TunerError(f"{name} {value}: give the address of the Ray dashboard, such as http://head:8265, or {HERE}")
    return value.rstrip("/")


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def clusters(home: Path) -> list[str]:
    """The addresses of the clusters that sweeps were submitted to."""
    return sorted({sweep.address for sweep in submitted(home).values()})


def place(name: str | None, option: str | None, home: Path) -> str | None:
    """The address of the cluster that has a sweep, or None if the sweep is on this machine.

    The first of these decides: the option `--address`; a folder of the sweep in `home`, which means this machine; the
    cluster that the sweep was submitted to from `home`; the environment, as in `cluster_address`.
    """
    if option is None and name is not None:
        if is_folder(home / name):
            return None
        known = submitted(home).get(name)
        if known:
            return known.address
    return cluster_address(option)
