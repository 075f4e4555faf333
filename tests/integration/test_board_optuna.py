"""optuna-dashboard beside the page of sweeps, where it is installed: a study in a real browser, only to read."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.board_pictures import take
from support.browser import browser
from support.http_requests import request
from support.made_up_home import add_sweep

from tuner.core.sweep_folder import SweepFolder
from tuner.serving.board.optuna_dashboard import PACKAGE, OptunaDashboards

pytestmark = pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason="optuna-dashboard is not installed")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    add_sweep(tmp_path, "digits-cnn-1", 9)
    dashboards = OptunaDashboards(tmp_path, 20300)
    try:
        address = dashboards.address("digits-cnn-1")
        assert dashboards.address("digits-cnn-1") == address
        yield address
    finally:
        dashboards.close()


def test_a_study_is_shown_and_cannot_be_changed(address: str, tmp_path: Path) -> None:
    journal = SweepFolder(tmp_path / "digits-cnn-1").journal
    before = journal.read_bytes()
    port = urlsplit(address).port
    assert port
    [study] = request(port, "GET", "/api/studies", None, {}).json["study_summaries"]
    assert study["study_name"] == "sweep"
    note = json.dumps({"body": "mine", "version": 1})
    for method, path in (("PUT", "/note"), ("DELETE", "")):
        refused = request(port, method, f"/api/studies/{study['study_id']}{path}", note, {})
        assert refused.status == 403
        assert refused.json["reason"] == "this is only for looking: nothing of a sweep is changed here"
    assert request(port, "GET", "/api/studies", None, {"host": "evil.example"}).status == 403
    with browser(tmp_path / "browser") as page:
        page.size(1200, 900)
        page.open(address)
        page.wait("document.body.innerText.includes('Hyperparameter Importance')")
        take(page, "optuna.png")
        here = rf"http://127.0.0.1:{port}/|data:|blob:|about:"
        assert not [each for each in page.requests if not re.match(here, each)]
    assert journal.read_bytes() == before
