"""`tuner ui` during real sweeps, in a real browser: watched, paused, resumed, stopped, and one begun on the page."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.board_pictures import take
from support.browser import Browser, browser
from support.common import Command, Start, free_port
from support.processes import Process, end, wait_until
from support.ui import compose, opened

from tuner.sweeps.sweep_reader import SweepReader

pytestmark = pytest.mark.proof
LONG_S = 300.0
SMALL = ("--set", "width=0.25", "--set", "optimizer=adam", "--set", "lr=0.0005..0.01:log")


@dataclass(frozen=True)
class Place:
    """Where commands are typed, the server, and the browser."""

    folder: Path
    ui: Process
    page: Browser
    mlflow: str

    def state(self, name: str) -> str:
        return SweepReader(name, self.folder / "runs").status().state

    def wait(self, script: str) -> None:
        self.page.wait(script, LONG_S)


@pytest.fixture
def place(tmp_path: Path, tuner: Command, start: Start) -> Iterator[Place]:
    done = tuner(
        *("sweep", "digits", "cnn", "--name", "live", "--trials", "40", "--max-epochs", "12", "--detach", *SMALL),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    port = free_port()
    ui = start("ui", "--port", str(port), folder=tmp_path)
    address = opened(ui)
    with browser(tmp_path / "browser") as page:
        page.size(1200, 900)
        page.open(address)
        yield Place(tmp_path, ui, page, f"http://127.0.0.1:{port}")
    for name in ("live", "second"):
        tuner("stop", name, "--now", folder=tmp_path)
    end(ui)


def test_a_sweep_is_watched_paused_resumed_and_stopped_and_another_one_begun(place: Place, tuner: Command) -> None:
    page = place.page
    place.wait("document.querySelector('.pill.running')")
    page.click("a[href='#/sweep/live']")
    place.wait("document.querySelectorAll('.trials tbody tr').length >= 6")
    place.wait("document.querySelectorAll('.js-plotly-plot').length >= 1")
    place.wait("document.querySelector('dl').innerText.includes('95 % interval, of 359 validation samples')")
    rows = int(page.run("document.querySelectorAll('.trials tbody tr').length"))
    place.wait(f"document.querySelectorAll('.trials tbody tr').length > {rows}")
    place.wait("document.querySelectorAll('.trials tbody tr').length >= 14")
    take(page, "ui-sweep.png")

    page.click("button[aria-label='Pause live']")
    page.click("dialog button.strong")
    place.wait("document.querySelector('.pill.paused')")
    assert place.state("live") == "paused"

    page.click("button[aria-label='Resume live']")
    page.click("dialog button.strong")
    place.wait("document.querySelector('.pill.running')")
    assert place.state("live") == "running"

    page.click("button[aria-label='Stop live']")
    page.click("dialog button.strong")
    place.wait("document.querySelector('.pill.finished')")
    place.wait("document.querySelector('dl').innerText.includes('test accuracy')")
    place.wait("[...document.querySelectorAll('a')].some((each) => each.innerText === 'Report')")
    address = page.run("[...document.querySelectorAll('a')].find((each) => each.innerText === 'Report').href")
    assert "The model cnn for digits was tuned" in page.run(f"fetch({address!r}).then((answer) => answer.text())")

    page.run("location.hash = '#/new'")
    compose(page, dataset="digits", model="cnn", trials="30", name="second")
    page.click("form button:not(.small)")  # the search space
    place.wait("document.querySelector('input[aria-label=\"Set width\"]')")
    page.type("input[aria-label='Set width']", "0.25")
    place.wait("document.querySelector('form .copyable:last-of-type code')")
    page.run("[...document.querySelectorAll('button')].find((each) => each.innerText.startsWith('Check')).click()")
    place.wait("document.querySelector('form [role=status]').innerText.includes('nothing was started')")
    assert "second: 30 trials of cnn on digits" in page.text("form [role=status]")
    take(page, "ui-new.png")
    page.click("form button.strong")
    place.wait("document.querySelector('h1').innerText.startsWith('second')")
    assert wait_until(lambda: place.state("second") == "running", timeout=LONG_S)
    place.wait("document.querySelector('.pill.running')")
    page.run("location.hash = '#/'")
    place.wait("document.querySelectorAll('.sweeps tbody tr').length === 2")
    take(page, "ui-list.png")
    page.click("button[aria-label='Stop second']")
    page.run(
        "[...document.querySelectorAll('dialog button')].find((each) => each.innerText === 'Stop at once').click()"
    )
    assert wait_until(lambda: place.state("second") in ("paused", "failed"), timeout=LONG_S)
    assert not page.console
    assert not [
        each for each in page.requests if not each.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))
    ]


def test_it_ends_quietly_with_ctrl_c_while_a_page_is_open(place: Place) -> None:
    place.wait("document.querySelector('.pill.running')")
    place.ui.send_signal(signal.SIGINT)
    out, err = place.ui.communicate(timeout=60)
    assert (place.ui.returncode, out) == (0, "")
    assert "Traceback" not in err
    place.wait("document.querySelector('#link').innerText !== ''")
    assert place.state("live") == "running"  # it is no child of the server


def test_a_newcomer_begins_the_first_sweep_on_the_page(tuner: Command, start: Start, tmp_path: Path) -> None:
    ui = start("ui", "--port", str(free_port()), folder=tmp_path)
    try:
        with browser(tmp_path / "browser") as page:
            page.open(opened(ui))
            page.wait("document.querySelector('.note')?.innerText.includes('There are no sweeps here yet')")
            take(page, "ui-first.png")
            page.click(".note a")
            compose(page, dataset="digits", model="cnn", trials="2", epochs="2", name="mine")
            page.wait("document.querySelector('form code')?.innerText.endsWith('--name mine')")
            page.click("form button.strong")
            page.wait("document.querySelector('h1').innerText.startsWith('mine')", LONG_S)
            page.wait("document.querySelector('.pill.finished')", LONG_S)
            link = "[...document.querySelectorAll('a')].find((each) => each.innerText === 'MLflow run')"
            page.send("Page.navigate", url=page.run(f"{link}.href"))
            page.wait("location.hash.includes('/runs/') && document.body?.innerText.includes('mine')", LONG_S)
    finally:
        tuner("stop", "mine", "--now", folder=tmp_path)
        end(ui)
    out, err = ui.communicate()
    assert (out, [line for line in err.splitlines() if not line.startswith("MLflow's UI: http://127.0.0.1:")]) == (
        "",
        [],
    )
