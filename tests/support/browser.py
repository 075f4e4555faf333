"""A page of a server in headless Chromium, driven by its DevTools protocol: clicks, keys, pictures, requests."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PATIENCE_S = 60.0


def find_chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found and os.environ.get("CI"):
        pytest.fail("chromium is missing, and CI must not skip this")
    if not found:
        pytest.skip("chromium is not installed")
    return found


class Page:
    """A tab. `complaints` are errors of scripts and of the browser, `requests` the addresses that it asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number = socket, 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            elif said["method"] == "Runtime.exceptionThrown":
                self.complaints.append(str(said["params"]["exceptionDetails"]))
            elif said["method"] == "Log.entryAdded":
                self.complaints.append(said["params"]["entry"]["text"])
            elif said["method"] == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])

    async def do(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol."""
        self._number += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[self._number] = answer
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        said = await asyncio.wait_for(answer, PATIENCE_S)
        assert "error" not in said, said
        return said["result"]

    async def run(self, script: str) -> Any:
        """The value of an expression."""
        said = await self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def until(self, script: str) -> None:
        """Waits until an expression is true."""
        for _ in range(int(PATIENCE_S / 0.05)):
            if await self.run(f"Boolean({script})"):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{script} was never true: {await self.run('document.body.innerText')}")

    async def open(self, address: str) -> None:
        """Goes to an address, and waits until it is there."""
        await self.do("Page.navigate", url=address)
        await self.until(
            f"document.readyState === 'complete' && location.href.startsWith({address.partition('#')[0]!r})"
        )

    async def press(self, key: str, modifiers: int = 0) -> None:
        """A key such as Tab or Enter; `modifiers` 2 is Ctrl."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        common = {"key": key, "windowsVirtualKeyCode": codes[key], "modifiers": modifiers}
        text = {"Enter": "\r", " ": " "}.get(key)
        await self.do("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        await self.do("Input.dispatchKeyEvent", type="keyUp", **common)

    async def choose_file(self, selector: str, *paths: Path) -> None:
        """Files for an input of files."""
        root = (await self.do("DOM.getDocument"))["root"]["nodeId"]
        node = (await self.do("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
        await self.do("DOM.setFileInputFiles", nodeId=node, files=list(map(str, paths)))

    async def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """The window's, and whether the user likes it dark."""
        await self.do(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.do("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, path: Path) -> None:
        """Of the whole page, as a PNG."""
        shot = await self.do("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def browser(scratch: Path) -> AsyncIterator[Page]:
    """A tab of a browser without a network but this machine's."""
    command = [
        find_chromium(),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
        *("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={scratch / 'profile'}"),
        *("--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        port = await asyncio.wait_for(asyncio.to_thread(_port, process), PATIENCE_S)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = [tab for tab in await answer.json() if tab["type"] == "page"]
            async with session.ws_connect(tabs[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
                    await page.do(f"{domain}.enable")
                yield page
    finally:
        process.terminate()
        process.wait(30)
        assert process.stderr
        process.stderr.close()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line):
            return int(found[1])
    raise AssertionError("the browser has ended")
