"""A headless chromium that tests click in, over its debugging pipe: no driver and no library is needed."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import pytest

WAIT_S = 60.0


class Browser:
    """One page. Everything that it logs, and every address that it asks for, is remembered."""

    def __init__(self, process: subprocess.Popen[bytes], read: int, write: int) -> None:
        self._process = process
        self._in, self._out = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        self._answers: dict[int, dict[str, Any]] = {}
        self._news = Condition()
        self._number = 0
        self._session = ""
        self.console: list[str] = []
        self.requests: list[str] = []
        self._listening = Thread(target=self._listen, daemon=True)
        self._listening.start()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> Any:
        """A command of the DevTools protocol; its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        with self._news:
            assert self._news.wait_for(lambda: number in self._answers, WAIT_S), f"{method}: no answer"
            answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, address: str) -> None:
        self.send("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        found = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script: str, seconds: float = WAIT_S) -> Any:
        """Until an expression is true; its value."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.run(script)
            if found not in (None, False, 0, ""):  # an element is {} here
                return found
            time.sleep(0.1)
        shown = self.run("document.body.innerText")
        raise AssertionError(f"never true: {script}\nthe page shows: {shown}\nconsole: {self.console}")

    def text(self, selector: str = "body") -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        """Clicks in the middle of the first element that is seen, as a mouse does."""
        found = self.wait(
            f"""(() => {{
              const all = [...document.querySelectorAll({json.dumps(selector)})];
              const seen = all.find((each) => each.getClientRects().length);
              if (!seen) return null;
              seen.scrollIntoView({{ block: "center" }});
              const box = seen.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent", type=kind, x=found[0], y=found[1], button="left", clickCount=1, buttons=1
            )

    def press(self, key: str, text: str = "") -> None:
        """A key, such as Tab or Enter."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        event = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        event |= {"text": text} if text else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, selector: str, text: str) -> None:
        """Clicks into a field, and types."""
        self.click(selector)
        self.send("Input.insertText", text=text)

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the window, and the colours that the user prefers."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path) -> None:
        """Writes what is seen as a PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._out.close()
        self._listening.join(30)
        self._in.close()

    def _listen(self) -> None:
        rest = b""
        while chunk := self._in.read1(1 << 16):
            *messages, rest = (rest + chunk).split(b"\0")
            for message in messages:
                self._hear(json.loads(message))

    def _hear(self, message: dict[str, Any]) -> None:
        with self._news:
            if "id" in message:
                self._answers[message["id"]] = message
                self._news.notify_all()
                return
            params = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            elif message["method"] == "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.console.append(details.get("exception", {}).get("description") or details["text"])
            elif message["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                self.console.append(" ".join(str(each.get("value", each)) for each in params["args"]))
            elif message["method"] == "Log.entryAdded" and params["entry"]["level"] == "error":
                self.console.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


def find_chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found and os.environ.get("CI"):
        pytest.fail("chromium is missing, and CI must not skip this")
    if not found:
        pytest.skip("chromium is not installed")
    return found


def _high(pipe: tuple[int, int]) -> tuple[int, int]:
    """The same pipe, by numbers that are not those of the debugging pipe."""
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in pipe]
    for each in pipe:
        os.close(each)
    return moved[0], moved[1]


@contextmanager
def browser(scratch: Path) -> Iterator[Browser]:
    """A browser without a network but for this machine, as long as the block lasts."""
    (to_browser, write), (read, from_browser) = _high(os.pipe()), _high(os.pipe())

    def descriptors() -> None:
        os.dup2(to_browser, 3)
        os.dup2(from_browser, 4)

    command = [
        find_chromium(),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
        *("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={scratch / 'profile'}"),
        *("--remote-debugging-pipe", "--window-size=1200,900", "about:blank"),
    ]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=descriptors,  # noqa: PLW1509 - the debugging pipe is at 3 and 4, and nothing else will do
        close_fds=False,
    )
    os.close(to_browser)
    os.close(from_browser)
    opened = None
    try:
        opened = Browser(process, read, write)
        yield opened
    finally:
        if opened is None:
            process.kill()
            process.wait()
        else:
            opened.close()
