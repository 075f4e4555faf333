"""A page in headless chromium, driven by its DevTools protocol: clicks, keys, pictures, requests."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from support.chromium import Chromium, chromium

WAIT_S = 60.0


class Browser:
    """One page. Everything that it logs, and every address that it asks for, is remembered."""

    def __init__(self, process: Chromium) -> None:
        self._chromium = process
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
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> Any:
        """A command of the DevTools protocol; its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        self._chromium.outgoing.write(json.dumps(message).encode() + b"\0")
        self._chromium.outgoing.flush()
        with self._news:
            assert self._news.wait_for(lambda: number in self._answers, WAIT_S), f"{method}: no answer"
            answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, address: str) -> None:
        """Goes to an address, and waits until it is there."""
        self.send("Page.navigate", url=address)
        place = json.dumps(address.partition("#")[0])
        self.wait(f"document.readyState === 'complete' && location.href.startsWith({place})")

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

    def press(self, key: str, modifiers: int = 0) -> None:
        """A key, such as Tab or Enter; `modifiers` 2 is Ctrl."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        event = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key], "modifiers": modifiers}
        text = {"Enter": "\r", " ": " "}.get(key)
        self.send("Input.dispatchKeyEvent", type="keyDown", **event, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, selector: str, text: str) -> None:
        """Clicks into a field, and types."""
        self.click(selector)
        self.insert(text)

    def insert(self, text: str) -> None:
        """Types where the focus is."""
        self.send("Input.insertText", text=text)

    def choose_file(self, selector: str, *paths: Path) -> None:
        """Files for an input of files."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=list(map(str, paths)))

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

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Writes what is seen, or the whole page, as a PNG."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """Ends the browser."""
        self._chromium.end()
        self._listening.join(30)

    def _listen(self) -> None:
        rest = b""
        while chunk := self._chromium.incoming.read1(1 << 16):
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
            elif message["method"] == "Log.entryAdded":
                self.console.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


@contextmanager
def browser(scratch: Path) -> Iterator[Browser]:
    """A page of a browser without a network but for this machine, as long as the block lasts."""
    with chromium(scratch) as process, closing(Browser(process)) as page:
        yield page
