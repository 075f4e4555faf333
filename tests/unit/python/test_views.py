"""How a sweep is shown in a user's process."""

from __future__ import annotations

from typing import Any

import pytest

from tuner.python.views import NotebookView, PlainView, View, choose_view

PROGRESS = {
    "share": 0.25,
    "states": "4 trials: 1 done",
    "left": "about 2 min left",
    "budgets": "",
    "best": "acc 0.9 <b>",
}


class Display:
    """What IPython's `display` gives, and what it has shown."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def __call__(self, what: Any, *, display_id: bool) -> Display:
        assert display_id
        self.shown.append(what)
        return self

    def update(self, what: Any) -> None:
        self.shown.append(what)

    @property
    def html(self) -> str:
        return str(self.shown[-1]._repr_html_())


def test_elsewhere_plain_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainView() as view:
        view.show({"begun": "s", "lines": ["s: 4 trials of cnn on digits", "  trial 0 tries lr=0.1"]})
        view.show({"phase": "Starting Ray"})
        view.show({"note": "low on disk", "warning": True})
        view.show({"progress": PROGRESS, "line": "4 trials: 1 done; 3 epochs"})
        view.show({"progress": PROGRESS, "line": ""})
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "s: 4 trials of cnn on digits",
        "  trial 0 tries lr=0.1",
        "warning: low on disk",
        "4 trials: 1 done; 3 epochs",
    ]


def test_a_notebook_has_one_display_that_is_updated() -> None:
    display = Display()
    with NotebookView(display) as view:
        view.show({"begun": "s", "lines": ["s: 4 trials"]})
        view.show({"phase": "Starting Ray"})
        assert "Starting Ray ..." in display.html
        view.show({"phase": ""})
        view.show({"progress": PROGRESS, "line": "a plain line"})
        assert "25%" in display.html
        assert "about 2 min left" in display.html
        assert "best acc 0.9 &lt;b&gt;" in display.html
        assert "a plain line" not in display.html
    assert "25%" not in display.html  # the search is over
    assert "s: 4 trials" in display.html
    assert repr(display.shown[-1]) == "s: 4 trials"


def test_no_progress_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with choose_view(progress=False) as view:
        view.show({"note": "x", "warning": True})
    assert type(view) is View
    assert capsys.readouterr() == ("", "")
    assert isinstance(choose_view(), PlainView)
