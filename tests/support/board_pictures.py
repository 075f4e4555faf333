"""Pictures of the page of sweeps: for docs/, and to be looked at."""

from __future__ import annotations

import os
from pathlib import Path

from support.browser import Browser


def take(page: Browser, name: str) -> None:
    """Leaves a picture in the folder that BOARD_PICTURES names, if it does."""
    folder = os.environ.get("BOARD_PICTURES")
    if folder:
        page.run("scrollTo(0, 0)")
        page.picture(Path(folder) / name)
