"""The files of a server's pages, and the colours and fonts that they share with the reports of sweeps."""

from __future__ import annotations

from importlib.resources import files

SHARED = ("theme.css", "chart_theme.js")
"""Of the report."""


def page_files(package: str) -> dict[str, bytes]:
    """All files of a package's folder `pages` by name, and the shared ones."""
    own = {each.name: each.read_bytes() for each in (files(package) / "pages").iterdir() if "." in each.name}
    return own | {name: (files("tuner.report") / "templates" / name).read_bytes() for name in SHARED}
