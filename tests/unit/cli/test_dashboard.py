"""`--dashboard`: it reaches the Ray that is started here, and is refused where none is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
from support.common import Typed

from tuner.core.errors import TunerError
from tuner.python import child
from tuner.python.order import ResumeOrder, SweepOrder
from tuner.sweeps import control
from tuner.sweeps.announcement import dashboard_text


def tell(*_: object, dashboard: bool, **__: object) -> NoReturn:
    raise TunerError(f"with a dashboard: {dashboard}")


@pytest.mark.parametrize(
    ("words", "called"),
    [
        (["sweep", "digits", "cnn"], "tuner.sweeps.api.sweep"),
        (["train", "digits", "cnn"], "tuner.sweeps.api.sweep"),
        (["resume", "demo"], "tuner.sweeps.api.resume"),
        (["resume", "demo", "--trials", "9"], "tuner.sweeps.api.grow"),
        (["resume", "demo", "--detach"], "tuner.sweeps.control.detach"),
    ],
)
@pytest.mark.usefixtures("sweep")
def test_it_reaches_the_engine(words: list[str], called: str, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(called, tell)
    assert typed(*words, "--dashboard")[2].endswith("error: with a dashboard: True\n")
    assert typed(*words)[2].endswith("error: with a dashboard: False\n")


def test_the_process_in_the_background_gets_it_too(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(words: list[str], **_: Any) -> NoReturn:
        raise TunerError(" ".join(words[words.index("resume") :]))

    monkeypatch.setattr("subprocess.Popen", start)
    with pytest.raises(TunerError, match=r"^resume demo --dashboard$"):
        control.detach(sweep.name, dashboard=True)
    with pytest.raises(TunerError, match=r"^resume demo$"):
        control.detach(sweep.name)


def test_it_reaches_the_engine_from_python(monkeypatch: pytest.MonkeyPatch) -> None:
    from tuner.core.grow_request import GrowRequest
    from tuner.core.sweep_request import SweepRequest

    for name in ("sweep", "resume"):
        monkeypatch.setattr(f"tuner.sweeps.api.{name}", tell)
    request = SweepRequest(dataset="digits", model="cnn")
    quiet = child.Messages(lambda **_: None)
    for order in (
        SweepOrder(request=request, dashboard=True),
        ResumeOrder(name="x", more=GrowRequest(), dashboard=True),
    ):
        with pytest.raises(TunerError, match="with a dashboard: True"):
            child._carry_out(order, quiet)


@pytest.mark.parametrize("words", [["sweep", "digits", "cnn"], ["resume", "demo"]])
def test_a_cluster_has_its_own(words: list[str], typed: Typed) -> None:
    code, _, err = typed(*words, "--dashboard", "--address", "http://head:8265")
    assert code == 2
    assert err == (
        "error: --dashboard is for a sweep on this machine: the cluster has its dashboard at http://head:8265\n"
    )


def test_where_it_is_or_why_there_is_none() -> None:
    assert "http://127.0.0.1:8266; its token: ray get-auth-token" in dashboard_text("http://127.0.0.1:8266")
    assert dashboard_text("") == "there is no dashboard: a single trial runs without Ray"
