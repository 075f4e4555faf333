"""Drawing a report apart: one process at a time, and `tuner status` says how it went."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.common import Typed, make_config

from tuner.core.callback import Callback, Callbacks
from tuner.core.files import write_checked_json
from tuner.core.outcome import Outcome
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps import drawing, publication
from tuner.sweeps.drawing import alone, draw_apart, report_state
from tuner.tracking.store import Store

BEING_DRAWN = "is being drawn"
AGAIN = "; to make it again: tuner report demo"
STORE = Store(uri="sqlite:///x/mlflow.db", artifacts="file:///x/artifacts")
PATIENCE_S = 60.0

DRAWS = """
import os, sys, time
from pathlib import Path
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.drawing import drawing
folder = SweepFolder(Path(sys.argv[1]))
with drawing(folder, int(sys.argv[3])) as told:
    (folder.path / "said").write_text(" ".join([sys.argv[2], os.environ.get("MLFLOW_TRACKING_URI", "none")]))
    while not (folder.path / "go").exists():
        time.sleep(0.05)
    if (folder.path / "go").read_text() == "fail":
        raise ValueError("the pencil broke")
"""


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def folder(sweep: Path) -> SweepFolder:
    return SweepFolder(sweep)


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that draws nothing, until the file `go` is there."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "drawn_for_a_test.py").write_text(DRAWS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    monkeypatch.setattr(drawing, "ENTRY", "drawn_for_a_test")
    return iter([None])


def test_what_went_wrong_is_noted_and_the_next_drawing_mends_it(folder: SweepFolder) -> None:
    assert report_state(folder) == ""
    seen = []

    def draw() -> None:
        with drawing.drawing(folder):
            seen.append(report_state(folder))
            raise ValueError("no ink")

    with pytest.raises(ValueError, match="no ink"):
        draw()
    assert seen == [BEING_DRAWN]
    assert report_state(folder) == f"could not be made: no ink{AGAIN}"
    with drawing.drawing(folder) as told:
        assert report_state(folder) == BEING_DRAWN
        told.append("the report's part 'roc' could not be made: x")
    assert report_state(folder) == f"the report's part 'roc' could not be made: x{AGAIN}"
    with drawing.drawing(folder):
        pass
    assert report_state(folder) == ""
    assert not folder.report_note.exists()


def test_two_do_not_draw_at_once(folder: SweepFolder) -> None:
    happened = []

    def draw() -> None:
        with drawing.drawing(folder):
            happened.append("second begins")

    with drawing.drawing(folder):
        other = threading.Thread(target=draw)
        other.start()
        other.join(0.3)
        happened.append("first ends")
    other.join(PATIENCE_S)
    assert happened == ["first ends", "second begins"]


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("end", ["well", "fail", "kill -9"])
def test_a_process_apart_has_the_lock_from_its_first_moment_and_outlives_ours(
    end: str, folder: SweepFolder, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///of/mlflow.db")
    process = draw_apart(folder, send=True, embedded=end == "well")
    assert process is not None
    assert report_state(folder) == BEING_DRAWN
    assert os.getsid(process.pid) == process.pid  # closing our terminal does not reach it
    until((folder.path / "said").exists)
    assert "report    is being drawn\n" in typed("status", "demo")[1]
    until(lambda: (folder.path / "said").read_text() != "")
    assert (folder.path / "said").read_text() == f"send {'none' if end == 'well' else 'sqlite:///of/mlflow.db'}"
    if end == "kill -9":
        process.send_signal(signal.SIGKILL)
    else:
        (folder.path / "go").write_text(end)
    process.wait(PATIENCE_S)
    state = {
        "well": "",
        "fail": f"could not be made: the pencil broke{AGAIN}",
        "kill -9": f"is not complete: the process that drew it was ended{AGAIN}",
    }[end]
    assert report_state(folder) == state
    assert ("report    " in typed("status", "demo")[1]) == bool(state)
    with drawing.drawing(folder):  # as `tuner report demo` does
        pass
    assert report_state(folder) == ""


def test_a_process_that_cannot_start_leaves_no_note(folder: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("subprocess.Popen", fail)
    notes: list[str] = []
    events = Listener(leaves=True, notes=notes)
    outcome = Outcome(config=make_config(), folder=folder.path, records=(), winner=None, seconds=1.0)
    assert publication.publish_report(outcome, STORE, Callbacks([events])).report is None
    assert notes == ["there is no report: no more processes; to make the report again: tuner report demo"]
    assert report_state(folder) == ""


class Listener(Callback):
    def __init__(self, notes: list[str], *, leaves: bool) -> None:
        self.leaves_report = leaves
        self._notes = notes

    def on_note(self, text: str, *, warning: bool = True) -> None:
        del warning
        self._notes.append(text)


@pytest.mark.parametrize("unsent", ["", "the server was away"])
def test_it_is_left_to_a_process_apart_only_where_a_callback_allows_it(
    unsent: str, folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []

    def make_here(*_: object) -> SimpleNamespace:
        done.append("here")
        return SimpleNamespace(page=folder.report_page)

    monkeypatch.setattr(publication, "draw_apart", lambda folder, **how: done.append((folder, how)))
    monkeypatch.setattr(publication, "make_and_send", make_here)
    outcome = Outcome(config=make_config(), folder=folder.path, records=(), winner=None, seconds=1.0, unsent=unsent)
    quiet = Callback()
    left = publication.publish_report(outcome, STORE, Callbacks([quiet, Listener([], leaves=True)]))
    assert done == [(folder, {"send": not unsent, "embedded": True})]
    assert (left.report, left.drawing) == (folder.report_page, True)
    here = publication.publish_report(outcome, STORE, Callbacks([quiet]))
    assert done[1:] == ["here"]
    assert not here.drawing


def test_a_result_of_more_trials_waits_for_the_report_of_before(folder: SweepFolder) -> None:
    from tuner.sweeps.growth import keep_result

    folder.report.mkdir()
    folder.report_page.write_text("of before")
    write_checked_json(folder.earlier_result, {"seconds": 1.0})
    outcome = Outcome(config=make_config(), folder=folder.path, records=(), winner=None, seconds=1.0)
    with alone(folder):
        keeping = threading.Thread(target=keep_result, args=(outcome,))
        keeping.start()
        keeping.join(0.3)
        assert keeping.is_alive()
        folder.report_page.write_text("drawn late")
    keeping.join(PATIENCE_S)
    assert not folder.report_page.exists()
