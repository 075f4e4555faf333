"""The files of the page, plotly.js, and the reports of sweeps."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import NamedTuple

from starlette.responses import FileResponse, Response

from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.serving.board.cluster import Cluster
from tuner.serving.page_files import page_files

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page loads nothing from elsewhere, and runs no script but its own. plotly.js makes styles as it draws."""
REPORT_POLICY = "sandbox allow-scripts allow-downloads allow-popups"
"""A report has scripts in it: they run, and reach neither this page nor its token."""
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_PICTURES = {".png": "image/png", ".json": "application/json"}


class Page(NamedTuple):
    """A file of the page, packed."""

    content: bytes
    kind: str


@cache
def packed_files() -> dict[str, Page]:
    """All files of the page by name."""
    found = page_files("tuner.serving.board")
    kinds = {name: _TYPES.get(Path(name).suffix, "") for name in found}
    return {name: Page(_packed(found[name]), kind) for name, kind in kinds.items() if kind}


@cache
def plotly() -> Page:
    """plotly.js."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415

    return Page(_packed(get_plotlyjs().encode()), _TYPES[".js"])


def page_response(page: Page, cached: str = "no-cache") -> Response:
    """The answer with a file of the page."""
    headers = {"content-encoding": "gzip", "cache-control": cached, "content-security-policy": POLICY}
    return Response(page.content, media_type=page.kind, headers=headers)


def report_response(home: Path, name: str, file: str) -> Response:
    """A file of a sweep's report: the page, or one of its pictures. Raises TunerError when there is none."""
    known_sweep(name, home)
    folder = SweepFolder(home / name)
    path = folder.report / (file or folder.report_page.name)
    kind = {**_PICTURES, ".html": "text/html"}.get(path.suffix)
    if kind is None or path.parent != folder.report or not path.is_file() or path.is_symlink():
        raise TunerError(f"{name} has no report yet: tuner report {name}")
    headers = {"content-security-policy": REPORT_POLICY, "cache-control": "no-cache"}
    return FileResponse(path, media_type=kind, headers=headers)


def bring_report(home: Path, name: str, cluster: Cluster) -> None:
    """Brings a report from a cluster's head, unless it is here. Raises TunerError when that is not possible."""
    known_sweep(name, home)
    page = SweepFolder(home / name).report_page
    if page.exists() and not page.stat().st_size:
        cluster.fetch_report(name)


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)
