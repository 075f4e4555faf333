"""The page of `tuner serve` in a real browser: an image, a text and a table, by mouse and by keyboard."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from support.browser import Browser, browser
from support.common import Finished
from support.served import below, served
from support.serving import Running, photos_model, reviews_model, running, table_model

from tuner.serving.access import digest_of
from tuner.serving.model.app import make_app
from tuner.serving.model.server import ModelServer
from tuner.serving.model.settings import Settings

PICTURES = os.environ.get("TUNER_PICTURES")  # a folder: the tests leave there what the page looks like
SHOWN = "document.querySelectorAll('.result').length"


def visit(server: Running, scratch: Path, steps: Callable[[Browser], None], fragment: str = "") -> None:
    """Opens the page, goes through the steps, and sees that nobody complained and nobody else was asked."""

    with browser(scratch) as page:
        page.size(1000, 900)
        page.open(f"{server.address}/{fragment}")
        steps(page)
        assert not page.console
        own = (server.address, "data:", "blob:")
        assert page.requests
        assert not [each for each in page.requests if not each.startswith(own)]


def shoot(page: Browser, name: str) -> None:
    """The page as it is now: wide and narrow, light and dark. Nothing is wider than the window."""
    for width, dark in ((1000, False), (1000, True), (390, False)):
        page.size(width, 900, dark=dark)
        assert page.run("document.documentElement.scrollWidth") <= width
        if PICTURES:
            page.picture(Path(PICTURES) / f"{name}-{width}{'-dark' if dark else ''}.png", whole=True)
    page.size(1000, 900)


def test_an_image_is_explained_and_samples_of_the_test_set_can_be_chosen(finished: Finished, tmp_path: Path) -> None:
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(tmp_path / "<b>stroke.png")
    Image.fromarray(np.eye(30, dtype=np.uint8) * 255).save(tmp_path / "two.png")

    def steps(page: Browser) -> None:
        page.wait("document.querySelectorAll('#examples button').length === 16")
        assert page.run("document.querySelector('h1').textContent") == "digits-cnn"
        assert "macro F1" in page.run("document.querySelector('#card').innerText")
        page.run("document.querySelector('#examples button').click()")
        page.wait(f"{SHOWN} === 1")
        assert page.run("document.querySelectorAll('.bar').length") == 5
        truth = page.run("document.querySelector('.truth-right, .truth-wrong').textContent")
        assert truth[0] in "✓✗"
        best = page.run("document.querySelector('.bar.best .fill').getBoundingClientRect().width")
        assert best > 50
        shoot(page, "image")
        page.run("document.querySelector('.view input').click()")
        assert page.run("document.querySelectorAll('.layers img')[1].hidden") is True
        page.run("document.querySelector('.bars + button').click()")
        assert page.run("document.querySelectorAll('.bar').length") == 10
        page.choose_file("#files", tmp_path / "<b>stroke.png", tmp_path / "two.png")
        page.wait(f"{SHOWN} === 2")
        assert page.run("document.querySelector('.result h3').textContent") == "<b>stroke.png"
        assert page.run("document.querySelectorAll('.result b').length") == 0
        page.run(
            "document.dispatchEvent(new DragEvent('drop', {dataTransfer: (() => { const all = new DataTransfer();"
            "all.items.add(new File(['none'], 'none.png')); return all; })(), bubbles: true, cancelable: true}))"
        )
        page.wait("!document.getElementById('trouble').hidden")
        assert "none.png" in page.run("document.getElementById('trouble').textContent")
        page.console.clear()  # the browser says that there was a status 400

    with running("digits-cnn", finished.home) as server:
        visit(server, tmp_path, steps)


def test_a_text_is_typed_and_sent_by_the_keyboard_alone(tmp_path: Path) -> None:
    def steps(page: Browser) -> None:
        page.wait("!document.getElementById('form').hidden")
        page.press("Tab")
        assert page.run("document.activeElement.id") == "text"
        page.insert("a good film")
        page.press("Enter", modifiers=2)
        page.wait(f"{SHOWN} === 1")
        words = page.run("document.querySelector('.words').innerText")
        assert words.split() == ["[?]", "good", "film"]
        page.press("Tab")
        page.press(" ")
        page.wait(f"{SHOWN} === 1")
        assert page.run("document.querySelectorAll('.bar').length") == 2
        shoot(page, "text")

    with running(reviews_model(tmp_path / "model"), tmp_path) as server:
        visit(server, tmp_path, steps)


def test_rows_are_pasted_below_the_header_that_is_there(tmp_path: Path) -> None:
    def steps(page: Browser) -> None:
        page.wait("document.getElementById('text').value.startsWith('mean radius,')")
        page.run("document.getElementById('text').focus()")
        row = ",".join(["12.5"] * 30)
        page.insert(f"{row}\n{row}\n")
        page.run("document.querySelector('#words button').click()")
        page.wait(f"{SHOWN} === 2")
        shoot(page, "table")
        page.run("document.getElementById('text').value = 'a,b\\n1,2'")
        page.run("document.querySelector('#words button').click()")
        page.wait("document.getElementById('trouble').textContent.includes('there are no columns')")
        page.console.clear()  # the browser says that there was a status 400

    with running(table_model(tmp_path / "model"), tmp_path) as server:
        visit(server, tmp_path, steps)


def test_on_a_cluster_the_page_is_below_a_path_and_asks_nothing_above_it(tmp_path: Path) -> None:
    server = ModelServer(
        str(reviews_model(tmp_path / "model")), tmp_path, Settings(token_digest=digest_of("s3")), print
    )

    with served(below("/reviews", make_app(server))) as client, browser(tmp_path / "b") as page:
        page.open(f"http://127.0.0.1:{client.port}/reviews#token=s3")
        page.wait("!document.getElementById('form').hidden")
        assert page.run("location.pathname") == "/reviews/"
        assert f":{client.port}/reviews/predict" in page.run("document.getElementById('curl').textContent")
        page.run("document.getElementById('text').value = 'a good film'")
        page.run("document.querySelector('#words button').click()")
        page.wait(f"{SHOWN} === 1")
        page.run("document.querySelector('a[href=docs]').click()")
        page.wait("document.querySelectorAll('#routes section').length > 7")
        assert not page.console
        below_it = f"http://127.0.0.1:{client.port}/reviews"
        assert not [each for each in page.requests if not each.startswith((below_it, "data:"))]


def test_a_token_is_taken_from_the_address_or_asked_for(tmp_path: Path) -> None:
    def given(page: Browser) -> None:
        page.wait("!document.getElementById('form').hidden")
        assert page.run("location.href") == f"{server.address}/"
        page.open(f"{server.address}/docs")
        page.wait("document.querySelectorAll('#routes section').length > 7")
        shoot(page, "docs")

    def typed(page: Browser) -> None:
        page.wait("!document.getElementById('token-form').hidden")
        page.run("document.getElementById('token').focus()")
        page.insert("s3cret")
        page.press("Enter")
        page.wait("!document.getElementById('form').hidden")
        assert page.run("document.getElementById('token-form').hidden") is True
        page.console.clear()  # the browser says that there was a status 401

    with running(photos_model(tmp_path / "model"), tmp_path, token="s3cret") as server:
        visit(server, tmp_path / "a", given, "#token=s3cret")
        visit(server, tmp_path / "b", typed)
