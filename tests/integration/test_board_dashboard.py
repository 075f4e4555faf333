"""The page's link to the real Ray dashboard of a sweep that runs with `--dashboard`."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.board_pictures import take
from support.browser import browser
from support.common import Command, Start, free_port
from support.processes import end
from support.ray_dashboard import open_ray_dashboard
from support.ui import opened

pytestmark = pytest.mark.proof
LONG_S = 300.0
SWEEP = ("sweep", "digits", "cnn", "--name", "live", "--trials", "60", "--max-epochs", "27", "--dashboard", "--detach")


TOKEN = "ab" * 32
LINK = "[...document.querySelectorAll('a')].find((each) => each.innerText === 'Ray dashboard')"


def test_it_leads_to_the_dashboard_as_long_as_the_sweep_runs(tuner: Command, start: Start, tmp_path: Path) -> None:
    assert tuner(*SWEEP, folder=tmp_path, RAY_AUTH_TOKEN=TOKEN).returncode == 0
    ui = start("ui", "--port", str(free_port()), folder=tmp_path)
    try:
        with browser(tmp_path / "browser") as page:
            page.size(1200, 900)
            page.open(opened(ui))
            page.run("location.hash = '#/sweep/live'")
            page.wait(LINK, LONG_S)
            assert "ray get-auth-token" in page.text("main")
            take(page, "ui-dashboard.png")
            here = page.run("location.href")
            open_ray_dashboard(page, page.run(f"{LINK}.href"), TOKEN)
            take(page, "ray.png")
            page.open(here)
            page.wait(LINK)
            assert tuner("stop", "live", "--now", folder=tmp_path).returncode == 0
            page.wait(f"document.querySelector('.pill.paused') && !({LINK})", LONG_S)
    finally:
        tuner("stop", "live", "--now", folder=tmp_path)
        end(ui)
