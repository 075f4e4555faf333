"""The page of all sweeps in a real browser, without a network, with names that would like to be code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from support.browser import Browser, browser
from support.made_up_home import HOSTILE_FOLDER, add_three_sweeps, running
from support.served import served

from tuner.serving.board.app import make_app
from tuner.serving.board.settings import Settings
from tuner.serving.server import Server

TOKEN = "the-token"


@dataclass(frozen=True)
class Opened:
    """The page, and where it is from."""

    page: Browser
    address: str
    home: Path

    def go(self, place: str) -> None:
        """Opens a part of the page, with the token, as a new visitor."""
        self.page.open("about:blank")
        self.page.open(f"{self.address}/#token={TOKEN}")
        self.page.wait("document.querySelector('h1')?.innerText === 'Sweeps'")
        self.page.run(f"location.hash = '#/{place}'")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    home = tmp_path_factory.mktemp("home")
    add_three_sweeps(home, 24)
    made = make_app(Settings(home=home, token=TOKEN))
    with (
        served(made.app, TOKEN, Server(made.app, made.close)) as client,
        browser(tmp_path_factory.mktemp("browser")) as page,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TUNER_HOME", str(home))
        yield Opened(page, f"http://127.0.0.1:{client.port}", home)


@pytest.fixture(autouse=True)
def good(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test leaves an error in the browser's console, or asks another server for anything."""
    monkeypatch.setenv("TUNER_HOME", str(opened.home))
    opened.page.size(1200, 900)
    opened.page.console.clear()
    opened.page.requests.clear()
    yield
    assert not opened.page.console
    known = (opened.address, "data:", "blob:", "about:")
    assert not [address for address in opened.page.requests if not address.startswith(known)]


def test_the_list_is_live(opened: Opened) -> None:
    opened.go("")
    page = opened.page
    page.wait("document.querySelectorAll('.sweeps tbody tr').length === 3")
    assert "0.9" in page.text(".sweeps")
    with running(opened.home, "digits-cnn-2", live=[0]):
        page.wait("document.querySelector('.sweeps tbody tr').innerText.includes('running')")  # it is the first now
        assert "digits-cnn-2" in page.text(".sweeps tbody tr")
        assert "Pause" in page.text(".sweeps tbody tr")
    page.wait("document.querySelectorAll('.pill.running').length === 0")
    page.type("input[type=search]", "cnn-1")
    page.wait("document.querySelectorAll('.sweeps tbody tr:not([hidden])').length === 1")
    assert page.text("output") == "1 of 3"


def test_names_are_shown_and_never_run(opened: Opened) -> None:
    opened.go(f"sweep/{quote(HOSTILE_FOLDER, safe='')}")
    page = opened.page
    page.wait("document.querySelectorAll('.trials tbody tr').length === 9")
    page.wait("document.querySelectorAll('.js-plotly-plot').length >= 1")
    assert HOSTILE_FOLDER in page.text("h1")
    assert "<b>sgd</b>" in page.text(".trials")
    assert page.run("document.querySelectorAll('img, .trials b').length") == 0
    page.click("button[aria-label='Trial 0']")
    page.wait("document.querySelectorAll('section[aria-label=\"One trial\"] .js-plotly-plot').length >= 1")
    command = page.text("section[aria-label='One trial'] code")
    assert command == f"tuner logs '{HOSTILE_FOLDER}' --trial 0"


def test_trials_are_sorted_and_filtered(opened: Opened) -> None:
    opened.go("sweep/digits-cnn-1")
    page = opened.page
    page.wait("document.querySelectorAll('.trials tbody tr').length === 24")

    def column(number: int) -> list[str]:
        cells = f"[...document.querySelectorAll('.trials tbody tr')].map((row) => row.cells[{number}].innerText)"
        return list(page.run(cells))

    assert [int(each.split()[0]) for each in column(0)] == list(range(23, -1, -1))
    page.click("button[data-focus='sort 3:val_accuracy']")
    scores = [float(each) for each in column(3)]
    assert scores == sorted(scores)
    page.press("Enter")  # the button has kept the focus
    assert [float(each) for each in column(3)] == sorted(scores, reverse=True)
    assert "\u2605" in column(0)[0]
    page.type("input[type=search]", "adam")
    page.wait("document.querySelectorAll('.trials tbody tr').length < 24")
    assert set(column(6)) == {"adam"}


def test_charts_are_drawn_when_they_come_into_sight(opened: Opened) -> None:
    opened.go("sweep/digits-cnn-1")
    page = opened.page
    page.wait("document.querySelectorAll('.trials tbody tr').length === 24")
    assert page.run("document.querySelectorAll('main > section').length") >= 5
    page.wait(seen("(section) => section.querySelectorAll('.js-plotly-plot').length >= 3", 4))
    page.wait(seen("(section) => section.innerText.includes('explains')", 3))


def seen(check: str, number: int) -> str:
    """Scrolls to a section, whatever grows before it meanwhile, and checks it."""
    return f"""((section) => {{ section.scrollIntoView(); return ({check})(section); }})(
      document.querySelectorAll('main > section:not([hidden])')[{number}])"""


@pytest.mark.parametrize("place", ["", "sweep/digits-cnn-1", "new"])
def test_a_phone_need_not_scroll_sideways(opened: Opened, place: str) -> None:
    opened.page.size(360, 740, dark=True)
    opened.go(place)
    opened.page.wait("document.querySelector('main').children.length > 1")
    opened.page.wait("document.documentElement.scrollWidth <= 360")
    assert opened.page.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 31)"


def test_the_keyboard_is_enough(opened: Opened) -> None:
    opened.go("")
    page = opened.page
    page.wait("document.querySelectorAll('.sweeps tbody tr').length === 3")
    page.run("document.querySelector('#main').focus()")
    for _ in range(12):
        page.press("Tab")
        if page.run("document.activeElement.innerText") == "digits-cnn-1":
            break
    page.press("Enter")
    page.wait("document.querySelector('h1').innerText.startsWith('digits-cnn-1')")


def test_a_dialog_says_the_command_and_escape_does_nothing(opened: Opened) -> None:
    opened.go("")
    page = opened.page
    with running(opened.home, "digits-cnn-1"):
        page.click("button[aria-label='Stop digits-cnn-1']")
        page.wait("document.querySelector('dialog').open")
        assert "tuner stop digits-cnn-1 --now" in page.text("dialog")
        page.press("Escape")
        page.wait("!document.querySelector('dialog').open")
        assert not (opened.home / "digits-cnn-1" / "order").exists()
        page.click("button[aria-label='Stop digits-cnn-1']")
        page.click("dialog button.strong")
        page.wait("document.querySelector('.pill.stopping')")
        assert (opened.home / "digits-cnn-1" / "order").read_text() == "stop"


def test_a_wrong_token_is_told_and_changes_nothing(opened: Opened) -> None:
    page = opened.page
    opened.go("")
    page.run("sessionStorage.setItem('tuner token', 'wrong')")
    with running(opened.home, "digits-cnn-1"):
        page.click("button[aria-label='Pause digits-cnn-1']")
        page.click("dialog button.strong")
        page.wait("document.querySelector('.toast.error')?.innerText.includes('token')")
        assert not (opened.home / "digits-cnn-1" / "order").exists()
    assert [line for line in page.console if "401" in line]
    page.console.clear()


def test_a_command_is_composed_while_it_is_typed(opened: Opened) -> None:
    opened.go("new/digits-cnn-1")
    page = opened.page
    page.wait("document.querySelector('form code')?.innerText === 'tuner sweep digits cnn --trials 24 --max-epochs 9'")
    page.type("input[placeholder], .field:nth-child(10) input", "--limit 500")
    page.wait("document.querySelector('form code').innerText.endsWith('--limit 500')")
    page.type(".field:nth-child(10) input", " '")
    page.wait("document.querySelector('form .note')?.innerText.includes('quote')")
    page.console.clear()  # the answer 400 is in it


def test_a_newcomer_is_told_how_to_begin(opened: Opened, tmp_path: Path) -> None:
    made = make_app(Settings(home=tmp_path / "runs", token=TOKEN))
    page = opened.page
    with served(made.app, TOKEN, Server(made.app, made.close)) as client:
        page.open(f"http://127.0.0.1:{client.port}/#token={TOKEN}")
        page.wait("document.querySelector('.note')?.innerText.includes('There are no sweeps here yet')")
        assert page.text(".note code") == "tuner sweep digits cnn"
        page.click(".note a")
        page.wait("document.querySelector('h1').innerText === 'New sweep'")
        page.open("about:blank")
    page.requests.clear()  # they went to another server than those of the other tests
