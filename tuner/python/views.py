"""How a sweep is shown in a user's own process: one display that is updated in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from html import escape
from types import TracebackType
from typing import Any, Self

from tuner.core.errors import printable

WIDTH = 320  # pixels of the bar


class View:
    """Shows nothing. A context manager: leaving it leaves what is shown in order."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.show({"phase": "", "progress": None})

    def show(self, message: Mapping[str, Any]) -> None:
        """A message of `child.Messages`."""


class PlainView(View):
    """Prints lines to standard error, where progress belongs: standard output is the user's."""

    def show(self, message: Mapping[str, Any]) -> None:
        """The lines of a message, if it has any."""
        for line in _lines(message):
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - the one place of the API that prints


class NotebookView(View):
    """One display of IPython: what was told, and a bar for how far the sweep is."""

    def __init__(self, display: Any) -> None:
        """`display` is IPython's function."""
        self._said: list[str] = []
        self._phase = ""
        self._progress: Mapping[str, Any] | None = None
        self._handle = display(_Html(""), display_id=True)

    def show(self, message: Mapping[str, Any]) -> None:
        """Draws the display anew."""
        self._phase = message.get("phase", self._phase)
        self._progress = message.get("progress", self._progress)
        self._said += [line for line in _lines(message) if line != message.get("line")]
        self._handle.update(_Html(self._html(), "\n".join(self._said)))

    def _html(self) -> str:
        parts = [f"<div>{escape(line)}</div>" for line in self._said]
        found = self._progress
        if found:
            share = found["share"]
            done = f'<span style="display:inline-block;width:{share * 100:.0f}%;height:8px;background:#2a6fbb"></span>'
            bar = f'<span style="display:inline-block;width:{WIDTH}px;background:#ccc;line-height:0">{done}</span>'
            parts.append(f"<div>{bar} {share:.0%} {escape(found['left'])}</div>")
            told = (found["states"], found["best"] and f"best {found['best']}", found["budgets"])
            parts += [f"<div>{escape(line)}</div>" for line in told if line]
        elif self._phase:
            parts.append(f"<div>{escape(self._phase)} ...</div>")
        return f'<div style="font-family:monospace;white-space:pre-wrap">{"".join(parts)}</div>'


class _Html:
    """What IPython shows: HTML, and plain text where that is all there is."""

    def __init__(self, html: str, text: str = "") -> None:
        self._html = html
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._html


def choose_view(*, progress: bool = True) -> View:
    """The view that fits where this runs."""
    if not progress:
        return View()
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return PlainView()
    from IPython.display import display  # noqa: PLC0415 - it is loaded already

    return NotebookView(display)


def _lines(message: Mapping[str, Any]) -> list[str]:
    """The lines of a message for people."""
    found = list(message.get("lines", ()))
    if "note" in message:
        found.append(f"warning: {message['note']}" if message["warning"] else message["note"])
    found += [message["line"]] if message.get("line") else []
    return [printable(line) if line.strip() == line else f"  {printable(line)}" for line in found]
