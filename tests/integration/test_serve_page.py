"""The page of `tuner serve` in a real browser: an image, a text and a table, by mouse and by keyboard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from PIL import Image
from support.browser import Page, browser
from support.common import Finished
from support.serving import Running, photos_model, reviews_model, running, table_model

PICTURES = os.environ.get("TUNER_PICTURES")  # a folder: the tests leave there what the page looks like
SHOWN = "document.querySelectorAll('.result').length"


def visit(server: Running, scratch: Path, steps: Callable[[Page], Awaitable[None]], fragment: str = "") -> None:
    """Opens the page, goes through the steps, and sees that nobody complained and nobody else was asked."""

    async def go() -> None:
        async with browser(scratch) as page:
            await page.size(1000, 900)
            await page.open(f"{server.address}/{fragment}")
            await steps(page)
            assert not page.complaints
            own = (server.address, "data:", "blob:")
            assert page.requests
            assert not [each for each in page.requests if not each.startswith(own)]

    asyncio.run(go())


async def shoot(page: Page, name: str) -> None:
    """The page as it is now: wide and narrow, light and dark. Nothing is wider than the window."""
    for width, dark in ((1000, False), (1000, True), (390, False)):
        await page.size(width, 900, dark=dark)
        assert await page.run("document.documentElement.scrollWidth") <= width
        if PICTURES:
            await page.picture(Path(PICTURES) / f"{name}-{width}{'-dark' if dark else ''}.png")
    await page.size(1000, 900)


def test_an_image_is_explained_and_samples_of_the_test_set_can_be_chosen(finished: Finished, tmp_path: Path) -> None:
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(tmp_path / "<b>stroke.png")
    Image.fromarray(np.eye(30, dtype=np.uint8) * 255).save(tmp_path / "two.png")

    async def steps(page: Page) -> None:
        await page.until("document.querySelectorAll('#examples button').length === 16")
        assert await page.run("document.querySelector('h1').textContent") == "digits-cnn"
        assert "macro F1" in await page.run("document.querySelector('#card').innerText")
        await page.run("document.querySelector('#examples button').click()")
        await page.until(f"{SHOWN} === 1")
        assert await page.run("document.querySelectorAll('.bar').length") == 5
        truth = await page.run("document.querySelector('.truth-right, .truth-wrong').textContent")
        assert truth[0] in "✓✗"
        best = await page.run("document.querySelector('.bar.best .fill').getBoundingClientRect().width")
        assert best > 50
        await shoot(page, "image")
        await page.run("document.querySelector('.view input').click()")
        assert await page.run("document.querySelectorAll('.layers img')[1].hidden") is True
        await page.run("document.querySelector('.bars + button').click()")
        assert await page.run("document.querySelectorAll('.bar').length") == 10
        await page.choose_file("#files", tmp_path / "<b>stroke.png", tmp_path / "two.png")
        await page.until(f"{SHOWN} === 2")
        assert await page.run("document.querySelector('.result h3').textContent") == "<b>stroke.png"
        assert await page.run("document.querySelectorAll('.result b').length") == 0
        await page.run(
            "document.dispatchEvent(new DragEvent('drop', {dataTransfer: (() => { const all = new DataTransfer();"
            "all.items.add(new File(['none'], 'none.png')); return all; })(), bubbles: true, cancelable: true}))"
        )
        await page.until("!document.getElementById('trouble').hidden")
        assert "none.png" in await page.run("document.getElementById('trouble').textContent")
        page.complaints.clear()  # the browser says that there was a status 400

    with running("digits-cnn", finished.home) as server:
        visit(server, tmp_path, steps)


def test_a_text_is_typed_and_sent_by_the_keyboard_alone(tmp_path: Path) -> None:
    async def steps(page: Page) -> None:
        await page.until("!document.getElementById('form').hidden")
        await page.press("Tab")
        assert await page.run("document.activeElement.id") == "text"
        await page.do("Input.insertText", text="a good film")
        await page.press("Enter", modifiers=2)
        await page.until(f"{SHOWN} === 1")
        words = await page.run("document.querySelector('.words').innerText")
        assert words.split() == ["[?]", "good", "film"]
        await page.press("Tab")
        await page.press(" ")
        await page.until(f"{SHOWN} === 1")
        assert await page.run("document.querySelectorAll('.bar').length") == 2
        await shoot(page, "text")

    with running(reviews_model(tmp_path / "model"), tmp_path) as server:
        visit(server, tmp_path, steps)


def test_rows_are_pasted_below_the_header_that_is_there(tmp_path: Path) -> None:
    async def steps(page: Page) -> None:
        await page.until("document.getElementById('text').value.startsWith('mean radius,')")
        await page.run("document.getElementById('text').focus()")
        row = ",".join(["12.5"] * 30)
        await page.do("Input.insertText", text=f"{row}\n{row}\n")
        await page.run("document.querySelector('#words button').click()")
        await page.until(f"{SHOWN} === 2")
        await shoot(page, "table")
        await page.run("document.getElementById('text').value = 'a,b\\n1,2'")
        await page.run("document.querySelector('#words button').click()")
        await page.until("document.getElementById('trouble').textContent.includes('there are no columns')")
        page.complaints.clear()  # the browser says that there was a status 400

    with running(table_model(tmp_path / "model"), tmp_path) as server:
        visit(server, tmp_path, steps)


def test_a_token_is_taken_from_the_address_or_asked_for(tmp_path: Path) -> None:
    async def given(page: Page) -> None:
        await page.until("!document.getElementById('form').hidden")
        assert await page.run("location.href") == f"{server.address}/"
        await page.open(f"{server.address}/docs")
        await page.until("document.querySelectorAll('#routes section').length > 7")
        await shoot(page, "docs")

    async def typed(page: Page) -> None:
        await page.until("!document.getElementById('token-form').hidden")
        await page.run("document.getElementById('token').focus()")
        await page.do("Input.insertText", text="s3cret")
        await page.press("Enter")
        await page.until("!document.getElementById('form').hidden")
        assert await page.run("document.getElementById('token-form').hidden") is True
        page.complaints.clear()  # the browser says that there was a status 401

    with running(photos_model(tmp_path / "model"), tmp_path, token="s3cret") as server:
        visit(server, tmp_path / "a", given, "#token=s3cret")
        visit(server, tmp_path / "b", typed)
